"""Resolve, fetch and serve in this process, as a pod's containers do one after the other."""

import json
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from modelyard_cli.errors import CliError
from modelyard_cli.serving import environment
from modelyard_cli.serving.document import Wanted
from modelyard_cli.serving.environment import Environment, Place
from modelyard_cli.serving.secrets import content, needed, told_here
from modelyard_operator import contract
from modelyard_operator.resources.context import Source
from modelyard_server.fetch.download import fetch
from modelyard_server.fetch.resolve import resolve
from modelyard_server.report import SourceError

Say = Callable[[str], None]
Command = Callable[[Mapping[str, str]], dict[str, Any]]

URL_KEY, AUTHORITY_KEY = "url", "ca.crt"
"""Keys of an external cache's Secret."""


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Where artifacts are kept between runs."""
    caches = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(environ.get("MODELYARD_CACHE") or caches / "modelyard") / "serve"


def bring(wanted: Wanted, place: Place, given: Mapping[str, Path], say: Say) -> Source:
    """Resolve the source and fetch the artifact, unless it is there already.

    Raises:
        CliError: The source can't be found or read, or is none that a shell can read.
    """
    model = wanted.spec.model
    if model.uri.startswith("pvc://"):
        raise CliError(f"spec.model.uri: {model.uri} is a volume of a cluster; --model FOLDER names a copy")
    mine = dict(os.environ)
    secret = None if model.secret_ref is None else model.secret_ref.name
    if secret is not None and secret in given:
        mine |= content(given[secret])

    def done(command: Command, told: Environment) -> dict[str, Any]:
        try:
            return command(mine | told)
        except SourceError as error:
            raise CliError(f"spec.model: {told_here(error.message, secret, given)}") from None
        except OSError as error:
            raise CliError(f"the artifact can't be kept: {error}") from None

    found = done(resolve, environment.to_resolve(wanted))
    source = Source(
        model.uri, environment.REVISION, found["pinned"], found["digest"], found["task"], found["bytes"]
    )
    say(f"{wanted.name} is {source.pinned}, {found['bytes'] / 1e6:,.1f} MB")
    place.folder.mkdir(parents=True, exist_ok=True)
    fetched = done(fetch, environment.to_fetch(wanted, source, place))
    say(f"its digest is {fetched['digest']}")
    return source


def lay_runtime(wanted: Wanted, place: Place, given: Mapping[str, Path], redis: str | None) -> None:
    """Write what a pod's runtime volume holds.

    Raises:
        CliError: An external cache's Secret was not given, or lacks a key.
    """
    place.runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
    files: dict[str, str | None] = {contract.CACHE_URL_FILE: None, contract.CACHE_CA_FILE: None}
    cache, config = wanted.spec.cache, None
    if cache is not None and cache.external is not None:
        field, name = "spec.cache.external.secretRef", cache.external.secret_ref.name
        keys = content(needed(given, name, field))
        if URL_KEY not in keys:
            raise CliError(f"{field}: Secret {name} has no key {URL_KEY}: it holds the address of the Redis")
        files |= {contract.CACHE_URL_FILE: keys[URL_KEY], contract.CACHE_CA_FILE: keys.get(AUTHORITY_KEY)}
    elif cache is not None and redis is not None:
        files[contract.CACHE_URL_FILE] = redis
    if cache is not None and files[contract.CACHE_URL_FILE] is not None:
        config = {"ttlSeconds": cache.ttl_seconds, "mode": "external", "host": None, "port": None}
    files[contract.RUNTIME_CONFIG_FILE] = json.dumps({"cache": config})
    if not (place.runtime / contract.CACHE_KEY_FILE).exists():
        files[contract.CACHE_KEY_FILE] = secrets.token_hex(32)
    for name, text in files.items():
        if text is None:
            (place.runtime / name).unlink(missing_ok=True)
        else:
            (place.runtime / name).write_text(text, encoding="utf-8")


def become_server(told: Environment) -> NoReturn:
    """Run the server in this process' place, so that signals reach it."""
    command = [sys.executable, "-m", "modelyard_server.cli", "serve"]
    os.execve(sys.executable, command, os.environ | told)  # noqa: S606 - the program is this Python
