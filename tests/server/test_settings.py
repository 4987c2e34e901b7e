from pathlib import Path

import pytest

from modelyard_server import contract
from modelyard_server.settings import Settings, SettingsError


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environ({}) == Settings()
    assert Settings.from_environ({contract.ENV_PORT: "", contract.ENV_MODEL_TASK: ""}) == Settings()


def test_the_contracts_variables_are_read() -> None:
    settings = Settings.from_environ(
        {
            contract.ENV_NAMESPACE: "ns",
            contract.ENV_DEPLOYMENT: "d",
            contract.ENV_REVISION: "r",
            contract.ENV_MODEL_URI: "s3://b/p",
            contract.ENV_MODEL_PINNED: "s3://b/p@manifest:0",
            contract.ENV_MODEL_TASK: "tensor",
            contract.ENV_MODEL_VARIANT: "int8",
            contract.ENV_MODEL_DIR: "/m",
            contract.ENV_RUNTIME_DIR: "/r",
            contract.ENV_PORT: "9",
            contract.ENV_THREADS: "3",
            contract.ENV_MAX_CONNECTION_AGE: "1.5",
            contract.ENV_DRAIN: "0",
        }
    )

    assert settings == Settings(
        namespace="ns",
        deployment="d",
        revision="r",
        uri="s3://b/p@manifest:0",
        task="tensor",
        variant="int8",
        model_dir=Path("/m"),
        runtime_dir=Path("/r"),
        port=9,
        threads=3,
        max_connection_age=1.5,
        drain_seconds=0.0,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (contract.ENV_PORT, "http"),
        (contract.ENV_THREADS, "-1"),
        (contract.ENV_DRAIN, "soon"),
        (contract.ENV_MAX_CONNECTION_AGE, "nan"),
        (contract.ENV_DRAIN, "-5"),
    ],
)
def test_a_wrong_value_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environ({name: value})
