"""Labels with scores: which label is first, and how far its score has moved."""

from functools import partial
from typing import Any, Final

from modelyard_server.artifact.describe import Artifact
from modelyard_server.artifact.manifest import Activation
from modelyard_server.shadow.compare.base import NONE, Comparer, Difference, cut
from modelyard_server.shadow.compare.numbers import apart
from modelyard_server.tasks.classes import activation_of

KIND: Final = "classes"
SAID: Final = 0.5
"""Score from which on a label of several that may hold together counts as said, without a threshold."""
_MOST: Final = 50

Scores = list[tuple[str, float]]


def build(artifact: Artifact) -> Comparer:
    """See `base.Build`."""
    activation = artifact.manifest.activation or activation_of(artifact)
    if activation is Activation.SIGMOID:
        threshold = artifact.manifest.threshold
        return Comparer(KIND, sketch, partial(compare_several, said=SAID if threshold is None else threshold))
    if artifact.files.problem_type == "regression":
        return Comparer(KIND, sketch, compare_values)
    return Comparer(KIND, sketch, compare_one)


def sketch(entry: Any, room: int) -> Any:
    """The first labels with their scores."""
    return [[cut(one["label"]), round(float(one["score"]), 4)] for one in entry[: min(_MOST, room)]]


def compare_one(stable: Any, candidate: Any) -> Difference:
    """Labels of which one holds: they disagree where the first differs."""
    ours, theirs = _read(stable), _read(candidate)
    first, second = _first(ours), _first(theirs)
    shift = abs(_score(ours, first) - _score(theirs, first)) if ours else float(bool(theirs))
    flips = ((first, second),) if first != second else ()
    return Difference(bool(flips), {"score": shift}, flips)


def compare_several(stable: Any, candidate: Any, said: float) -> Difference:
    """Labels of which several may hold: they disagree where others are said.

    Args:
        stable: The stable sketch.
        candidate: The candidate's.
        said: Score from which on a label counts.
    """
    ours, theirs = _read(stable), _read(candidate)
    before = {label for label, score in ours if score >= said}
    after = {label for label, score in theirs if score >= said}
    labels = dict.fromkeys(label for label, _ in (*ours, *theirs))
    shift = max((abs(_score(ours, label) - _score(theirs, label)) for label in labels), default=0.0)
    flips = (
        *((label, NONE) for label in sorted(before - after)),
        *((NONE, label) for label in sorted(after - before)),
    )
    return Difference(bool(flips), {"score": shift}, flips)


def compare_values(stable: Any, candidate: Any) -> Difference:
    """Scores that are values: they disagree as numbers do."""
    ours, theirs = dict(_read(stable)), dict(_read(candidate))
    labels = sorted(ours.keys() | theirs.keys())
    return apart([ours.get(label) for label in labels], [theirs.get(label) for label in labels])


def _read(given: Any) -> Scores:
    return [(str(label), float(score)) for label, score in given]


def _first(scores: Scores) -> str:
    return scores[0][0] if scores else NONE


def _score(scores: Scores, label: str) -> float:
    """A label's score; of one that is not listed, the most that it may be."""
    for known, score in scores:
        if known == label:
            return score
    if not scores:
        return 0.0
    rest = 1.0 - sum(score for _, score in scores)
    return max(0.0, min(scores[-1][1], rest))
