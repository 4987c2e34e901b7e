"""Settings from the environment, and what is said when they make no sense."""

from pathlib import Path

import pytest

from modelyard_operator.handlers.main import EXIT_USAGE, main
from modelyard_operator.handlers.settings import SettingsError, read_settings

IMAGES = {"MODELYARD_SERVER_IMAGE": "server:1", "MODELYARD_CACHE_IMAGE": "cache:1"}
NOWHERE = Path("/nonexistent")


def test_the_image_with_openvino_is_optional() -> None:
    assert read_settings(IMAGES, NOWHERE).defaults.server_image_openvino is None
    given = IMAGES | {"MODELYARD_SERVER_IMAGE_OPENVINO": "server:1-openvino"}
    assert read_settings(given, NOWHERE).defaults.server_image_openvino == "server:1-openvino"


def test_defaults() -> None:
    settings = read_settings(IMAGES, NOWHERE)
    assert settings.defaults.server_image == "server:1"
    assert settings.defaults.operator_namespace == "modelyard-system"
    assert settings.defaults.image_pull_policy == "IfNotPresent"
    assert settings.watch_namespaces == ()
    assert settings.leader_election
    assert (settings.workers, settings.health_port, settings.metrics_port) == (4, 8081, 9090)
    assert settings.lease_name == "modelyard-operator"


def test_the_pods_own_namespace(tmp_path: Path) -> None:
    file = tmp_path / "namespace"
    file.write_text("mine\n")
    assert read_settings(IMAGES, file).defaults.operator_namespace == "mine"
    told = IMAGES | {"MODELYARD_OPERATOR_NAMESPACE": "told"}
    assert read_settings(told, file).defaults.operator_namespace == "told"


def test_one_namespace_has_a_lease_of_its_own() -> None:
    settings = read_settings(IMAGES | {"MODELYARD_WATCH_NAMESPACE": "team"}, NOWHERE)
    assert settings.watch_namespaces == ("team",)
    assert settings.lease_name == "modelyard-operator-team"


def test_several_namespaces_share_a_lease_whatever_their_order() -> None:
    said = IMAGES | {"MODELYARD_WATCH_NAMESPACE": "web, team,,web"}
    settings = read_settings(said, NOWHERE)
    assert settings.watch_namespaces == ("team", "web")
    other = read_settings(IMAGES | {"MODELYARD_WATCH_NAMESPACE": "team,web"}, NOWHERE)
    assert settings.lease_name == other.lease_name != "modelyard-operator"


def test_secrets_to_pull_with() -> None:
    assert read_settings(IMAGES, NOWHERE).defaults.image_pull_secrets == ()
    said = IMAGES | {"MODELYARD_IMAGE_PULL_SECRETS": "mirror, hub"}
    assert read_settings(said, NOWHERE).defaults.image_pull_secrets == ("hub", "mirror")


def test_the_lease_can_be_named() -> None:
    said = {"MODELYARD_WATCH_NAMESPACE": "team", "MODELYARD_LEASE_NAME": "mine"}
    assert read_settings(IMAGES | said, NOWHERE).lease_name == "mine"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MODELYARD_WATCH_NAMESPACE", "team, Web", "'Web', which is no namespace"),
        ("MODELYARD_SERVER_IMAGE", " ", "MODELYARD_SERVER_IMAGE is not set"),
        ("MODELYARD_LEADER_ELECTION", "maybe", "say true or false"),
        ("MODELYARD_WORKERS", "0", "say a number from 1 to 64"),
        ("MODELYARD_METRICS_PORT", "http", "say a number from 0 to 65535"),
        ("MODELYARD_IMAGE_PULL_POLICY", "Sometimes", "say one of Always, IfNotPresent, Never"),
    ],
)
def test_nonsense_is_named(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_settings(IMAGES | {name: value}, NOWHERE)


def test_the_command_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MODELYARD_SERVER_IMAGE", raising=False)
    assert main(["run"]) == EXIT_USAGE
    assert "MODELYARD_SERVER_IMAGE is not set" in capsys.readouterr().err


def test_help_names_the_environment(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "MODELYARD_SERVER_IMAGE" in capsys.readouterr().out
