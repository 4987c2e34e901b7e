"""`modelyard-server resolve`: turn what the user wrote into an immutable reference."""

from collections.abc import Mapping
from typing import Any

from modelyard_server import contract
from modelyard_server.fetch.errors import internal
from modelyard_server.fetch.guard import guarded
from modelyard_server.fetch.settings import read_settings
from modelyard_server.fetch.stores.registry import open_store
from modelyard_server.fetch.survey import survey, tell_task
from modelyard_server.fetch.uri import ModelUri, invalid, parse
from modelyard_server.fetch.verify import check_digest

_LONGEST_REFERENCE = 3_500


def run(environ: Mapping[str, str]) -> int:
    """Resolve the model's URI and report pinned reference, digest, bytes and task.

    Returns:
        The exit status, 0 or 1.
    """
    return guarded("resolve", environ, lambda: resolve(environ))


def resolve(environ: Mapping[str, str]) -> dict[str, Any]:
    """Resolve, and return the report's fields.

    Raises:
        SourceError: The source can't be found, read or served.
    """
    settings = read_settings(environ, contract.ENV_MODEL_URI)
    uri = parse(settings.uri)
    if uri.pin is not None:
        raise invalid(
            f"{uri.shown} carries a pin (@{uri.pin.partition(':')[0]}:…), which Modelyard adds itself; write "
            "the URI without it, and spec.model.digest to hold the content to one digest."
        )
    store = open_store(uri, settings.context)
    surveyed = survey(store, uri, settings.variant, settings.patience)
    pinned = settings.patience.call(lambda: store.pin(surveyed.needed))
    if len(pinned.encode()) > _LONGEST_REFERENCE:
        raise invalid(f"The URI {uri.shown} is longer than {_LONGEST_REFERENCE} bytes; use a shorter one.")
    digest = _known_digest(parse(pinned))
    if digest is not None:
        check_digest(digest, settings.digest, uri.shown)
    return {
        "pinned": pinned,
        "digest": digest,
        "bytes": surveyed.size,
        "task": settings.task or tell_task(store, uri, surveyed, settings.patience),
    }


def _known_digest(pinned: ModelUri) -> str | None:
    """A pin by content is the digest; other pins say nothing of the content."""
    if pinned.pin is None:
        return None
    kind, _, hexdigest = pinned.pin.partition(":")
    if kind not in {"sha256", "manifest"}:
        raise internal(f"The pin {pinned.pin!r} is of no known kind.")
    return pinned.pin if kind == "sha256" and hexdigest else None
