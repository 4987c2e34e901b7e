"""The operator's settings, from its environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from modelyard_operator.resources.context import Defaults

NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class SettingsError(Exception):
    """A setting is missing or makes no sense; the message names the variable and the mend."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator process is told at its start."""

    defaults: Defaults
    """What pods get where the user says nothing."""
    watch_namespaces: tuple[str, ...]
    """The namespaces to serve; none: all."""
    leader_election: bool
    workers: int
    health_port: int
    """Of /healthz and /readyz; 0: any free one."""
    metrics_port: int
    """Of /metrics; 0: any free one."""
    log_level: str
    lease_name: str
    """Operators that share it lead one at a time."""


def read_settings(environ: Mapping[str, str], namespace_file: Path = NAMESPACE_FILE) -> Settings:
    """The settings in `environ`.

    Raises:
        SettingsError: one is missing or makes no sense.
    """
    own = environ.get("MODELYARD_OPERATOR_NAMESPACE", "").strip()
    if not own:
        own = namespace_file.read_text().strip() if namespace_file.exists() else "modelyard-system"
    policy = environ.get("MODELYARD_IMAGE_PULL_POLICY", "").strip() or "IfNotPresent"
    if policy not in PULL_POLICIES:
        raise SettingsError(
            f"MODELYARD_IMAGE_PULL_POLICY is {policy!r}: say one of {', '.join(PULL_POLICIES)}"
        )
    namespaces = _namespaces(environ)
    return Settings(
        defaults=Defaults(
            server_image=_required(environ, "MODELYARD_SERVER_IMAGE", "the image of the model server"),
            cache_image=_required(environ, "MODELYARD_CACHE_IMAGE", "the image of the managed cache"),
            operator_namespace=own,
            image_pull_policy=policy,
            image_pull_secrets=tuple(_words(environ, "MODELYARD_IMAGE_PULL_SECRETS")),
            server_image_openvino=environ.get("MODELYARD_SERVER_IMAGE_OPENVINO", "").strip() or None,
        ),
        watch_namespaces=namespaces,
        leader_election=_flag(environ, "MODELYARD_LEADER_ELECTION", default=True),
        workers=_number(environ, "MODELYARD_WORKERS", 4, 1, 64),
        health_port=_number(environ, "MODELYARD_HEALTH_PORT", 8081, 0, 65535),
        metrics_port=_number(environ, "MODELYARD_METRICS_PORT", 9090, 0, 65535),
        log_level=environ.get("MODELYARD_LOG_LEVEL", "").strip().lower() or "info",
        lease_name=environ.get("MODELYARD_LEASE_NAME", "").strip() or _lease_name(namespaces),
    )


def _namespaces(environ: Mapping[str, str]) -> tuple[str, ...]:
    names = _words(environ, "MODELYARD_WATCH_NAMESPACE")
    for name in names:
        if not _NAMESPACE.fullmatch(name):
            raise SettingsError(
                f"MODELYARD_WATCH_NAMESPACE holds {name!r}, which is no namespace: "
                "say names with commas between them"
            )
    return tuple(names)


def _words(environ: Mapping[str, str], name: str) -> list[str]:
    """With commas between them; sorted, each once."""
    return sorted({word.strip() for word in environ.get(name, "").split(",")} - {""})


def _lease_name(namespaces: tuple[str, ...]) -> str:
    """Operators of different namespaces may lead side by side."""
    words = "-".join(("modelyard-operator", *namespaces))
    if len(namespaces) < 2:
        return words
    return f"modelyard-operator-{sha256(words.encode()).hexdigest()[:10]}"


def _required(environ: Mapping[str, str], name: str, what: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set: it names {what}")
    return value


def _flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in _TRUE | _FALSE:
        return value in _TRUE
    raise SettingsError(f"{name} is {value!r}: say true or false")


def _number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = environ.get(name, "").strip() or str(default)
    if not value.isdigit() or not low <= int(value) <= high:
        raise SettingsError(f"{name} is {value!r}: say a number from {low} to {high}")
    return int(value)
