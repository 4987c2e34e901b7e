"""A small world to try plans in: an API that keeps objects, the controllers that act on them, and time.

A plan is carried out write by write, and the operator may crash between any two of them. After each write
the world checks what must hold at every moment.
"""

from tests.operator.reconcile.simulator.givens import (
    BAD_IMAGE,
    DEFAULTS,
    KEY,
    MISSING,
    SLOW_IMAGE,
    START,
    V2,
    V3,
    spec,
)
from tests.operator.reconcile.simulator.stories import go_on, of_kind, reasons, settled, states
from tests.operator.reconcile.simulator.world import Crash, World

__all__ = [
    "BAD_IMAGE",
    "DEFAULTS",
    "KEY",
    "MISSING",
    "SLOW_IMAGE",
    "START",
    "V2",
    "V3",
    "Crash",
    "World",
    "go_on",
    "of_kind",
    "reasons",
    "settled",
    "spec",
    "states",
]
