"""The one comparison that every device makes: is this seq the next one?"""

from enum import Enum, auto


class Step(Enum):
    NEXT = auto()
    """Exactly one more than the last: take it."""
    OLD = auto()
    """Already seen: drop it."""
    GAP = auto()
    """Something is missing in between: read the log."""


def step(last: int, seq: int) -> Step:
    """Compare ``seq`` with ``last``, the seq that was taken last (0: none yet)."""
    if seq == last + 1:
        return Step.NEXT
    return Step.OLD if seq <= last else Step.GAP
