"""Raw objects for tests."""

from typing import Any

from modelyard_operator.kube.objects import Key

Raw = dict[str, Any]


def raw(name: str, version: int, *, uid: str | None = None, owner: str = "a", **more: Any) -> Raw:
    """A ConfigMap of the ModelDeployment `owner` in the namespace `ns`."""
    return {
        "metadata": {
            "name": name,
            "namespace": "ns",
            "uid": uid or f"uid-{name}",
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
