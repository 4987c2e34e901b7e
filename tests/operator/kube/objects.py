"""Raw objects for tests."""

from typing import Any

from modelyard_operator.kube.objects import Key

Raw = dict[str, Any]


def raw(
    name: str, version: int, *, uid: str | None = None, owner: str = "a", namespace: str = "ns", **more: Any
) -> Raw:
    """A ConfigMap of the ModelDeployment `owner`."""
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": uid or f"uid-{name}{namespace.removeprefix('ns')}",
            "resourceVersion": str(version),
            "labels": {"modelyard.dev/deployment": owner} if owner else {},
        },
        **more,
    }


def owner_of(raw: Raw) -> Key | None:
    name = raw["metadata"]["labels"].get("modelyard.dev/deployment")
    return Key(raw["metadata"]["namespace"], name) if name else None


def version(raw: Raw) -> int:
    return int(raw["metadata"]["resourceVersion"])
