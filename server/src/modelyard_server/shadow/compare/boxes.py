"""Detections: boxes matched by how far they overlap, then their classes."""

from typing import Any, Final, NamedTuple

from modelyard_server.artifact.describe import Artifact
from modelyard_server.shadow.compare.base import NONE, Comparer, Difference, cut

KIND: Final = "boxes"
OVERLAP: Final = 0.5
"""Boxes that overlap by this intersection over union or more may be the same one, as in PASCAL VOC's
evaluation (Everingham et al. 2010, https://doi.org/10.1007/s11263-009-0275-4)."""
DISAGREES: Final = 0.1
"""Two answers disagree where boxes with more than this share of all scores have no match of their class."""
_MOST: Final = 50
_NUMBERS_OF_A_BOX: Final = 5


class Box(NamedTuple):
    """A box of an answer."""

    label: str
    score: float
    place: tuple[float, float, float, float]


def build(artifact: Artifact) -> Comparer:  # noqa: ARG001 - see `base.Build`
    """See `base.Build`."""
    return Comparer(KIND, sketch, compare)


def sketch(entry: Any, room: int) -> Any:
    """The best boxes."""
    most = min(_MOST, max(1, room // _NUMBERS_OF_A_BOX))
    return [
        [cut(box["label"]), round(box["score"], 3), [round(edge, 1) for edge in box["box"]]]
        for box in entry["boxes"][:most]
    ]


def compare(stable: Any, candidate: Any) -> Difference:
    """They disagree where boxes of much score have no match, or one of another class.

    A box counts by its score, so that one at the detector's threshold, which noise makes come and go, counts
    little.
    """
    ours, theirs = _read(stable), _read(candidate)
    pairs = _matched(ours, theirs)
    total = sum(box.score for box in (*ours, *theirs))
    agreed = sum(one.score + other.score for one, other in pairs if one.label == other.label)
    share = 1.0 - agreed / total if total else 0.0
    moved = max((abs(one.score - other.score) for one, other in pairs), default=0.0)
    disagreed = share > DISAGREES
    return Difference(
        disagreed, {"boxes": max(share, 0.0), "score": moved}, _flips(ours, theirs, pairs, disagreed)
    )


def _flips(
    ours: list[Box], theirs: list[Box], pairs: list[tuple[Box, Box]], disagreed: bool
) -> tuple[tuple[str, str], ...]:
    changed = [(one.label, other.label) for one, other in pairs if one.label != other.label]
    if not disagreed:
        return tuple(changed)
    kept, found = {id(one) for one, _ in pairs}, {id(other) for _, other in pairs}
    lost = [(box.label, NONE) for box in ours if id(box) not in kept]
    gained = [(NONE, box.label) for box in theirs if id(box) not in found]
    return (*changed, *lost, *gained)


def _matched(ours: list[Box], theirs: list[Box]) -> list[tuple[Box, Box]]:
    """Boxes in pairs: greedily, those that overlap most first; of equal overlaps those of one class."""
    overlaps = [
        (_overlap(one, other), one.label == other.label, i, j)
        for i, one in enumerate(ours)
        for j, other in enumerate(theirs)
    ]
    taken: set[int] = set()
    given: set[int] = set()
    pairs = []
    for overlap, _, i, j in sorted(overlaps, key=lambda found: (-found[0], not found[1], found[2:])):
        if overlap < OVERLAP:
            break
        if i not in taken and j not in given:
            taken.add(i)
            given.add(j)
            pairs.append((ours[i], theirs[j]))
    return pairs


def _overlap(one: Box, other: Box) -> float:
    width = min(one.place[2], other.place[2]) - max(one.place[0], other.place[0])
    height = min(one.place[3], other.place[3]) - max(one.place[1], other.place[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (_area(one) + _area(other) - both)


def _area(box: Box) -> float:
    left, top, right, bottom = box.place
    return (right - left) * (bottom - top)


def _read(given: Any) -> list[Box]:
    return [Box(str(label), float(score), (*map(float, place),)) for label, score, place in given]  # type: ignore[arg-type]  # four
