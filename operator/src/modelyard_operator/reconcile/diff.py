"""What must be applied: a desired object against the live one. Pure, and remembered.

"Unchanged" means two things at once: the hash that was stamped on the live object when it was last applied
is the hash of the desired one (so a field that is no longer desired is taken away), and the desired object
is a subset of the live one (so a stranger's edit is put right). Between the two stand the API server's
defaulting and normalising: `0.5` comes back as `500m`, an empty list does not come back at all.
"""

import hashlib
from collections import OrderedDict
from decimal import Decimal
from typing import Any

import orjson

from modelyard_operator.api.quantity import amount
from modelyard_operator.kube.objects import Child, ChildKey, Manifest, unpack
from modelyard_operator.resources.catalog import EXACT

KEYED_LISTS = frozenset(
    {
        "containers",
        "env",
        "ephemeralContainers",
        "hostAliases",
        "imagePullSecrets",
        "initContainers",
        "ports",
        "topologySpreadConstraints",
        "volumeMounts",
        "volumes",
    }
)
"""Lists that server-side apply merges by key: other managers' items may stand between ours."""

_IDENTITY = frozenset({"apiVersion", "kind", "status"})
_OWN_METADATA = ("labels", "annotations")
_REMEMBERED = 65_536
_matches: OrderedDict[tuple[str, str, str], bool] = OrderedDict()


def child_key(manifest: Manifest) -> ChildKey:
    """The key of a manifest among its deployment's children."""
    return ChildKey(manifest["kind"], manifest["metadata"]["name"])


def desired_hash(manifest: Manifest) -> str:
    """16 hex digits that change with anything in the manifest."""
    return hashlib.sha256(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def is_unchanged(desired: Manifest, live: Child) -> bool:
    """Whether `live` already is what is desired.

    The comparison is remembered by the live object's version and the desired hash, so that a settled
    resource costs one hash an object.
    """
    wanted = desired_hash(desired)
    if live.desired_hash != wanted:
        return False
    key = (live.uid, live.resource_version, wanted)
    known = _matches.get(key)
    if known is None:
        known = is_subset(_comparable(desired), unpack(live.body), exact=live.key.kind in EXACT)
        _matches[key] = known
        if len(_matches) > _REMEMBERED:
            _matches.popitem(last=False)
    return known


def is_subset(desired: Any, live: Any, field: str = "", *, exact: bool = False) -> bool:
    """Whether everything desired is in the live value, as the API server would store it.

    Args:
        desired: What should be.
        live: What is.
        field: The name of the field, for lists that are merged by key.
        exact: Nothing else may be in what lists hold: the API server adds nothing there, and an apply
            replaces them whole.
    """
    if isinstance(desired, dict):
        if not isinstance(live, dict):
            return not desired and live is None
        return all(is_subset(value, live.get(name), name, exact=exact) for name, value in desired.items())
    if isinstance(desired, list | tuple):
        if not isinstance(live, list):
            return not desired and live is None
        if exact:
            return is_subset(live, list(desired)) and _is_sublist(list(desired), live, "")
        return _is_sublist(list(desired), live, field)
    return _is_same_scalar(desired, live)


def _is_sublist(desired: list[Any], live: list[Any], field: str) -> bool:
    if field not in KEYED_LISTS:
        return len(desired) == len(live) and all(map(is_subset, desired, live))
    rest = iter(live)
    return all(any(is_subset(item, other) for other in rest) for item in desired)


def _is_same_scalar(desired: Any, live: Any) -> bool:
    if live is None:
        return not desired
    if type(desired) is type(live) and desired == live:
        return True
    if isinstance(desired, bool) or isinstance(live, bool):
        return desired is live
    left, right = _number(desired), _number(live)
    return left is not None and left == right


def _number(value: Any) -> Decimal | None:
    """The value of a quantity such as `500m`; None for what is none."""
    try:
        return amount(str(value))
    except ValueError:
        return None


def _comparable(manifest: Manifest) -> Manifest:
    """The part of a manifest that an informer keeps of the live object."""
    body = {name: value for name, value in manifest.items() if name not in _IDENTITY}
    body["metadata"] = {
        name: manifest["metadata"][name] for name in _OWN_METADATA if manifest["metadata"].get(name)
    }
    return body
