"""How a registry lets its clients in: by a token that its own service gives, or by user name and password."""

import base64
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.request import parse_http_list, parse_keqv_list

import httpx2

from modelyard_server.fetch.errors import internal
from modelyard_server.fetch.uri import invalid

ENV_USERNAME: Final = "OCI_USERNAME"
ENV_PASSWORD: Final = "OCI_PASSWORD"  # noqa: S105  (the name of a variable)
ENV_DOCKER_CONFIG: Final = ".dockerconfigjson"
"""The one key of a Secret as `kubectl create secret docker-registry` makes it."""

NEEDS: Final = f"{ENV_USERNAME} and {ENV_PASSWORD}, or {ENV_DOCKER_CONFIG}"


@dataclass(frozen=True, slots=True)
class Login:
    """A user of a registry.

    Attributes:
        username: The name.
        password: The password, or what the registry gives in its place.
    """

    username: str
    password: str

    @property
    def basic(self) -> str:
        """The value of `Authorization` (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


def find_login(environ: Mapping[str, str], host: str, repository: str) -> Login | None:
    """Whom the environment has for a repository.

    Args:
        environ: The environment.
        host: The registry, with its port where the URI has one.
        repository: Such as `models/sentiment`.

    Returns:
        None where there is nobody, or nobody for this registry.

    Raises:
        SourceError: InvalidURI: what a key holds can't be read; what it is, is not told.
    """
    username, password = environ.get(ENV_USERNAME, ""), environ.get(ENV_PASSWORD, "")
    if bool(username) != bool(password):
        raise invalid(f"The Secret must hold both {ENV_USERNAME} and {ENV_PASSWORD}, or neither.")
    if username:
        return Login(username, password)
    text = environ.get(ENV_DOCKER_CONFIG, "")
    if not text:
        return None
    try:
        return _of_docker(json.loads(text), f"{host}/{repository}")
    except (ValueError, AttributeError, KeyError, TypeError):
        # Nothing of it is shown: it is a secret.
        raise invalid(
            f"{ENV_DOCKER_CONFIG} in the Secret can't be read; make it by `kubectl create secret "
            "docker-registry`."
        ) from None


def _of_docker(config: Mapping[str, Any], wanted: str) -> Login | None:
    """The entry with the longest path, as the kubelet chooses.

    https://kubernetes.io/docs/concepts/containers/images/#config-json
    """
    entries = {_place(address): entry for address, entry in config.get("auths", {}).items()}
    found = max((place for place in entries if f"{wanted}/".startswith(f"{place}/")), key=len, default=None)
    if found is None:
        return None
    entry = entries[found]
    if "auth" not in entry:
        return Login(entry["username"], entry["password"])
    username, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
    return Login(username, password)


def _place(address: str) -> str:
    """Host and path of an entry's address, which may be that of a registry's API."""
    place = address.removeprefix("https://").removeprefix("http://").rstrip("/")
    return place.removesuffix("/v1").removesuffix("/v2")


class RegistryAuth(httpx2.Auth):
    """Answers a registry's challenge, and keeps what it was given for the requests that follow.

    A challenge comes from the registry alone: of what another host says to which a blob was redirected, none
    is answered, and nothing is sent there (https://distribution.github.io/distribution/spec/auth/token/).

    Args:
        login: The user; None: anybody.
    """

    def __init__(self, login: Login | None) -> None:
        self._login = login
        self._authorization = ""

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Send the request, and once more where the registry asks who we are."""
        if self._authorization:
            request.headers["Authorization"] = self._authorization
        response = yield request
        if response.status_code != httpx2.codes.UNAUTHORIZED or response.url.netloc != request.url.netloc:
            return
        scheme, _, rest = response.headers.get("WWW-Authenticate", "").partition(" ")
        asked = parse_keqv_list([part for part in parse_http_list(rest) if "=" in part])
        if scheme.lower() == "bearer" and "realm" in asked:
            answer = yield self._token_request(asked)
            if not answer.is_success:
                return
            self._authorization = f"Bearer {_token(answer)}"
        elif scheme.lower() == "basic" and self._login is not None:
            self._authorization = self._login.basic
        else:
            return
        request.headers["Authorization"] = self._authorization
        yield request

    def _token_request(self, asked: Mapping[str, str]) -> httpx2.Request:
        params = {name: asked[name] for name in ("service", "scope") if name in asked}
        headers = {"Authorization": self._login.basic} if self._login is not None else {}
        return httpx2.Request("GET", asked["realm"], params=params, headers=headers)


def _token(answer: httpx2.Response) -> str:
    answer.read()
    try:
        told = answer.json()
        return str(told.get("token") or told["access_token"])
    except (ValueError, KeyError, AttributeError) as error:
        raise internal(f"{answer.url.host} gives no token in the way that registries do.") from error
