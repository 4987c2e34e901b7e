"""What a spec asks for that one process in a shell cannot give, or gives otherwise. Pure."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from modelyard_cli.serving.document import Wanted
from modelyard_operator.api.edge import LogSink

_NO_PODS: Final = "there are no pods"

ABSENT: Final[Mapping[str, str]] = {
    "server.image": "the installed server answers",
    "server.resources": "nothing bounds this process; spec.server.threads bounds the engine",
    "server.nodeSelector": _NO_PODS,
    "server.tolerations": _NO_PODS,
    "server.affinity": _NO_PODS,
    "server.topologySpreadConstraints": _NO_PODS,
    "server.podAnnotations": _NO_PODS,
    "server.podLabels": _NO_PODS,
    "server.serviceAccountName": "the source is read as whoever runs this",
    "scaling": "one process answers",
    "routing": "nothing is in front of it",
    "rollout": "there is one revision",
    "monitoring": "/metrics is there for whoever scrapes it",
    "networkPolicy": "--host says who reaches it",
    "notifications": "nothing is rolled out",
}
"""Fields that mean nothing here, and what holds in their place."""


def differences(wanted: Wanted, secrets: Collection[str], redis: str | None) -> list[str]:
    """A line for each field of the spec that is not honoured as in a cluster.

    Args:
        wanted: The ModelDeployment.
        secrets: Names of the Secrets whose content is at hand.
        redis: The Redis in place of the managed one; None: there is none.
    """
    lines = [f"spec.{field}: {words}" for field, words in ABSENT.items() if _is_set(wanted.written, field)]
    return [*_conditional(wanted, secrets, redis), *lines]


def _conditional(wanted: Wanted, secrets: Collection[str], redis: str | None) -> Iterator[str]:
    spec = wanted.spec
    secret = spec.model.secret_ref
    if secret is not None and secret.name not in secrets:
        yield (
            f"spec.model.secretRef: the credentials are those of this shell; --secret {secret.name}=FOLDER "
            "gives others, a file a key"
        )
    if spec.cache is not None and spec.cache.managed is not None and redis is None:
        yield (
            "spec.cache.managed: no answer is remembered; --redis redis://127.0.0.1:6379 names a Redis for it"
        )
    if spec.server.log is not None and spec.server.log.sink is LogSink.FILE:
        yield "spec.server.log.path: records go to standard output"


def _is_set(written: Mapping[str, Any], field: str) -> bool:
    *sections, last = field.split(".")
    for section in sections:
        written = written.get(section) or {}
    return last in written
