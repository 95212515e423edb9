"""Which request is legal when: the whole table, in one place.

A connection begins in ``GREETING``; ``hello`` is its only request there and is legal nowhere else.
"""

from enum import Enum, auto

from bussa_protocol.frames import Request, requests


class Phase(Enum):
    GREETING = auto()
    """Connected; nobody knows yet who it is."""
    OPEN = auto()
    """Greeted: ``welcome`` was sent."""
    ENDED = auto()
    """Closing or closed: whatever still arrives is passed over."""


class Ruling(Enum):
    TAKE = auto()
    REFUSE = auto()
    """Answer ``bad_request``."""
    CLOSE = auto()
    """Not the protocol: close with 4400."""
    IGNORE = auto()


def rule(phase: Phase, request: Request) -> Ruling:
    """What to do with ``request`` in ``phase``."""
    greets = isinstance(request, requests.Hello)
    match phase:
        case Phase.GREETING:
            return Ruling.TAKE if greets else Ruling.CLOSE
        case Phase.OPEN:
            return Ruling.REFUSE if greets else Ruling.TAKE
        case Phase.ENDED:
            return Ruling.IGNORE
