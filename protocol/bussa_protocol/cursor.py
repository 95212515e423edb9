"""Gap detection: whether a seq is the next one of a log."""

from enum import Enum, auto


class Step(Enum):
    NEXT = auto()
    """One more than the last: take it."""
    OLD = auto()
    """Already seen: drop it."""
    GAP = auto()
    """Events are missing in between: read them from the log."""


def step(last: int, seq: int) -> Step:
    """Compare ``seq`` with ``last``, the last seq taken (0: none yet)."""
    if seq == last + 1:
        return Step.NEXT
    return Step.OLD if seq <= last else Step.GAP
