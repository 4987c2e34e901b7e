"""Which of the waiting items run together: a pure function.

The oldest item is in every batch, so an item with N older ones runs in batch N + 1 at the latest. Items of
about its size join it: what is padded to the longest costs as much as what is asked for. Triton and Ray
Serve take items as they come; see https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/batcher.html.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

# Padding that is worth the call of the engine it spares, in units of Prepared.size.
_FREE_PADDING = 32
# Most of a batch that may be padding beyond that.
_PADDING_SHARE = 0.2
# Only so many batches' worth of items are looked at.
_WINDOW_BATCHES = 8


class Candidate(Protocol):
    """A waiting item."""

    @property
    def size(self) -> int:
        """See `Prepared.size`."""

    @property
    def group(self) -> Hashable:
        """See `Prepared.group`."""

    @property
    def nbytes(self) -> int:
        """See `Prepared.nbytes`."""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """What a batch may be; a single item may be anything.

    Attributes:
        items: Most items.
        padded: Most items times size of the largest (padded tokens of a text model).
        nbytes: Most bytes of the items' tensors.
    """

    items: int
    padded: int = 4096
    nbytes: int = 16 * 1024 * 1024


def choose(waiting: Sequence[Candidate], limits: BatchLimits) -> list[int]:
    """Choose the next batch.

    Args:
        waiting: What waits, oldest first; not empty.
        limits: What the batch may be.

    Returns:
        Indexes of `waiting`; the first is 0.
    """
    first = waiting[0]
    window = range(min(len(waiting), limits.items * _WINDOW_BATCHES))
    # Of equal size the oldest come first, and none is older than the first.
    peers = sorted(
        (index for index in window if waiting[index].group == first.group),
        key=lambda index: (waiting[index].size, index),
    )
    chosen = [0]
    low = high = peers.index(0)
    longest = total = first.size
    nbytes = first.nbytes
    while len(chosen) < limits.items:
        count = len(chosen)
        shorter = peers[low - 1] if low > 0 else None
        longer = peers[high + 1] if high + 1 < len(peers) else None
        # The side that brings less padding: a shorter item is padded itself, a longer one pads the others.
        if longer is not None and (
            shorter is None or count * (waiting[longer].size - longest) <= longest - waiting[shorter].size
        ):
            joins, high = longer, high + 1
        elif shorter is not None:
            joins, low = shorter, low - 1
        else:
            break
        other = waiting[joins]
        longest = max(longest, other.size)
        total += other.size
        nbytes += other.nbytes
        padded = (count + 1) * longest
        if padded > limits.padded or nbytes > limits.nbytes:
            break
        if padded - total > max(_FREE_PADDING, _PADDING_SHARE * padded):
            break
        chosen.append(joins)
    return chosen
