"""Tables: a class, a value, or outputs by name, as the model answers."""

from typing import Any, Final

from modelyard_server.artifact.describe import Artifact
from modelyard_server.shadow.compare import classes, tensors
from modelyard_server.shadow.compare.base import Comparer, Difference

KIND: Final = "tabular"


def build(artifact: Artifact) -> Comparer:
    """See `base.Build`."""
    compare_classes = classes.build(artifact).compare

    def compare(stable: Any, candidate: Any) -> Difference:
        if stable["classes"] is None and candidate["classes"] is None:
            return tensors.compare(stable["values"], candidate["values"])
        if stable["classes"] is None or candidate["classes"] is None:
            return Difference(True, {})
        return compare_classes(stable["classes"], candidate["classes"])

    return Comparer(KIND, sketch, compare)


def sketch(entry: Any, room: int) -> Any:
    """Of labels the first, of values those of places that lie evenly."""
    if isinstance(entry, list):
        return {"classes": classes.sketch(entry, room), "values": None}
    return {"classes": None, "values": tensors.sketch(entry, room)}
