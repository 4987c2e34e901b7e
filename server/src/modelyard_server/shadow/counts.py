"""What comparisons count."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry

from modelyard_server.shadow.compare import Difference
from modelyard_server.shadow.dropped import Dropped
from modelyard_server.shadow.part import Role
from modelyard_server.tally import Identity, TallyCounter, TallyHistogram

MAX_FLIPS: Final = 50
"""Pairs of labels that are counted by name; others are counted as OTHER."""
OTHER: Final = "other"
_BUCKETS = (0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Counts:
    """The metrics of comparisons.

    Their `pair` is the one that is compared; a pair that comes after it begins anew, so that a pod that
    outlives many rollouts does not keep the labels of all of them.

    Args:
        registry: Where they are scraped.
        identity: The process' labels.
    """

    def __init__(self, registry: CollectorRegistry, identity: Identity) -> None:
        def counter(name: str, text: str, *labels: str) -> TallyCounter:
            return TallyCounter(name, text, labels, registry, identity=identity)

        self._compared = counter(
            "modelyard_shadow_compared",
            "Items whose stable answer was compared with the candidate's, or with another one of stable.",
            "pair",
            "against",
        )
        self._disagreed = counter(
            "modelyard_shadow_disagreed", "Those of them whose answers disagree.", "pair", "against"
        )
        self._flips = counter(
            "modelyard_shadow_flips",
            "Labels of stable answers and those that stand in their place.",
            "pair",
            "against",
            "from_label",
            "to_label",
        )
        self._dropped = counter(
            "modelyard_shadow_dropped", "Requests that were to be compared and were not.", "reason"
        )
        self._shift = TallyHistogram(
            "modelyard_shadow_shift",
            "How far two answers to an item are apart, by measure.",
            ("pair", "against", "measure"),
            _BUCKETS,
            registry,
            identity=identity,
        )
        self._pair = ""
        self._known: set[tuple[str, str, str]] = set()

    def begin(self, pair: str) -> None:
        """From now on this pair is compared."""
        if pair == self._pair:
            return
        self._pair = pair
        self._known.clear()
        for series in (self._compared, self._disagreed, self._flips, self._shift):
            series.forget()
        # They are there from the start, so that nothing compared can be told from nothing scraped.
        for role in Role:
            self._compared.series(pair, role.value)
            self._disagreed.series(pair, role.value)

    def compared(self, against: Role, differences: Iterable[Difference]) -> None:
        """Stable answers to a request's items were compared.

        Args:
            against: With whose answers.
            differences: How far each is apart from the other.
        """
        pair = self._pair
        for difference in differences:
            self._compared.series(pair, against).value += 1
            if difference.disagreed:
                self._disagreed.series(pair, against).value += 1
            for measure, shift in difference.shifts.items():
                self._shift.series(pair, against, measure).observe(shift)
            for before, after in difference.flips:
                self._flip(against, before, after)

    def dropped(self, reason: Dropped) -> None:
        """A request is not compared."""
        self._dropped.series(reason.value).value += 1

    def _flip(self, against: Role, before: str, after: str) -> None:
        flip = (against.value, before, after)
        if flip not in self._known:
            if len(self._known) < MAX_FLIPS:
                self._known.add(flip)
            else:
                before = after = OTHER
        self._flips.series(self._pair, against, before, after).value += 1
