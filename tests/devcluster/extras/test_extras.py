import pytest

from devcluster.api import object_path
from devcluster.components import NAMES
from devcluster.config import Settings
from devcluster.errors import DevclusterError
from devcluster.extras import EXTRA_NAMES, EXTRAS, daemons, removable, with_needs
from devcluster.extras.base import Extra

ALL = pytest.mark.parametrize("extra", EXTRAS.values(), ids=lambda extra: extra.name)
OF_THE_CLUSTER = {"kube-system"}


@pytest.fixture(autouse=True)
def authority(settings: Settings) -> None:
    """What the cluster has before any extra comes."""
    settings.pki_dir.mkdir(parents=True)
    (settings.pki_dir / "ca.crt").write_text("a certificate")


def test_what_an_extra_needs_comes_before_it() -> None:
    assert [extra.name for extra in with_needs(["prometheus", "gateway"])] == [
        "istio",
        "gateway",
        "prometheus",
    ]
    assert [extra.name for extra in with_needs(["istio"])] == ["istio"]
    assert with_needs([]) == []


def test_what_is_needed_goes_last_and_not_alone() -> None:
    there = ["istio", "gateway", "prometheus"]
    assert [extra.name for extra in removable(["istio", "gateway"], there)] == ["gateway", "istio"]
    assert [extra.name for extra in removable(["istio"], ["istio", "prometheus"])] == ["istio"]
    with pytest.raises(DevclusterError, match="gateway needs istio: `devcluster remove gateway istio`"):
        removable(["istio"], there)


def test_the_names_of_the_daemons_are_known_and_their_own(settings: Settings) -> None:
    assert tuple(component.name for component in daemons(settings, EXTRAS)) == EXTRA_NAMES
    assert not set(EXTRA_NAMES) & set(NAMES)


def test_nothing_listens_on_the_machine_s_outer_addresses(settings: Settings) -> None:
    for component in daemons(settings, EXTRAS):
        words = " ".join([*component.argv, *component.files.values()])
        assert "0.0.0.0" not in words
        assert "=:" not in words


@ALL
def test_every_object_has_a_path_of_its_own(settings: Settings, extra: Extra) -> None:
    objects = [*extra.before(settings), *extra.after(settings)]
    assert len({object_path(item) for item in objects}) == len(objects)


@ALL
def test_objects_lie_in_namespaces_that_the_extra_or_its_needs_make(settings: Settings, extra: Extra) -> None:
    items = [
        item for each in with_needs([extra.name]) for item in (*each.before(settings), *each.after(settings))
    ]
    made = {item["metadata"]["name"] for item in items if item["kind"] == "Namespace"}
    assert {item["metadata"]["namespace"] for item in items if "namespace" in item["metadata"]} <= (
        made | OF_THE_CLUSTER
    )
