import json

import pytest

from modelyard_server.edge.settings import EdgeSettings, read_edge_settings
from modelyard_server.settings import SettingsError


def test_nothing_turns_everything_off() -> None:
    assert read_edge_settings("") == EdgeSettings()


def test_the_specs_names_are_read() -> None:
    settings = read_edge_settings(
        json.dumps(
            {
                "auth": {
                    "apiKeys": {"secretRef": {"name": "keys"}, "header": "X-Key"},
                    "jwt": {"issuer": "https://id", "jwksUri": "https://id/keys", "audiences": ["models"]},
                },
                "rateLimit": {"requestsPerSecond": 2.5},
                "log": {"sink": "file", "path": "/logs/a", "sampling": 0.1, "redact": ["inputs"]},
            }
        )
    )

    assert settings.auth is not None
    assert settings.auth.api_keys is not None
    assert settings.auth.api_keys.header == "X-Key"
    assert settings.auth.jwt is not None
    assert settings.auth.jwt.audiences == ("models",)
    assert settings.rate_limit is not None
    assert settings.rate_limit.capacity == 3
    assert settings.log is not None
    assert settings.log.sampling == 0.1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("{", "JSON"),
        ({"auth": {"jwt": {}}}, "auth.jwt.issuer"),
        ({"rateLimit": {"requestsPerSecond": 0}}, "rateLimit.requestsPerSecond"),
        ({"rateLimits": {}}, "rateLimits"),
        ({"auth": {"apiKeys": {"header": "no header"}}}, "auth.apiKeys.header"),
        ({"log": {"sink": "file"}}, "add log.path"),
        ({"log": {"sink": "http", "url": "ftp://x"}}, "add log.url"),
        ({"log": {"sink": "stdout", "sampling": 2}}, "log.sampling"),
    ],
)
def test_what_cannot_be_used_is_named(given: object, says: str) -> None:
    with pytest.raises(SettingsError, match=says.replace(".", r"\.")) as raised:
        read_edge_settings(given if isinstance(given, str) else json.dumps(given))

    assert "MODELYARD_EDGE" in str(raised.value)
