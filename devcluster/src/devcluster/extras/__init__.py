"""What a cluster can have besides, one module each."""

from collections.abc import Iterable

from devcluster.components.base import Component
from devcluster.config import Settings
from devcluster.errors import DevclusterError
from devcluster.extras.base import Extra
from devcluster.extras.gateway import GATEWAY_EXTRA
from devcluster.extras.http_add_on import HTTP_ADD_ON_EXTRA
from devcluster.extras.istio import ISTIO_EXTRA
from devcluster.extras.keda import KEDA_EXTRA
from devcluster.extras.prometheus import PROMETHEUS_EXTRA
from devcluster.extras.sidecars import SIDECARS_EXTRA

EXTRAS = {
    extra.name: extra
    for extra in (
        ISTIO_EXTRA,
        GATEWAY_EXTRA,
        PROMETHEUS_EXTRA,
        SIDECARS_EXTRA,
        KEDA_EXTRA,
        HTTP_ADD_ON_EXTRA,
    )
}
"""In the order of starting: what an extra needs stands before it."""

EXTRA_NAMES = ("istiod", "envoy", "prometheus", "keda-operator", "keda-adapter")
"""Their daemons."""


def with_needs(names: Iterable[str]) -> list[Extra]:
    """The named extras and those that they need, in the order of starting."""
    wanted: set[str] = set()
    open_names = list(names)
    while open_names:
        name = open_names.pop()
        if name not in wanted:
            wanted.add(name)
            open_names += EXTRAS[name].needs
    return [extra for extra in EXTRAS.values() if extra.name in wanted]


def removable(names: Iterable[str], there: Iterable[str]) -> list[Extra]:
    """The named extras in the order of taking them down.

    Args:
        names: What is to go.
        there: What the cluster has.

    Raises:
        DevclusterError: One that stays needs one that is to go.
    """
    going, stay = set(names), set(there) - set(names)
    for other in stay:
        for need in EXTRAS[other].needs:
            if need in going:
                raise DevclusterError(f"{other} needs {need}: `devcluster remove {other} {need}` ends both.")
    return [extra for extra in reversed(EXTRAS.values()) if extra.name in going]


def daemons(settings: Settings, names: Iterable[str]) -> list[Component]:
    """Every daemon of the named extras in the order of starting."""
    return [component for name in names for component in EXTRAS[name].components(settings)]
