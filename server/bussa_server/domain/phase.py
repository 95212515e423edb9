"""Which request is legal when: the whole table, in one place.

A connection begins in ``GREETING``; ``hello`` is its only request there and is legal nowhere else.
"""

from enum import Enum, auto

from bussa_protocol.frames import Request, requests


class Phase(Enum):
    HANDSHAKE = auto()
    """Connected; nobody knows yet who it is."""
    OPEN = auto()
    """Greeted: ``welcome`` was sent."""
    CLOSED = auto()
    """Closing or closed: whatever still arrives is passed over."""


class Action(Enum):
    HANDLE = auto()
    REJECT = auto()
    """Answer ``bad_request``."""
    CLOSE = auto()
    """Not the protocol: close with 4400."""
    IGNORE = auto()


def action_for(phase: Phase, request: Request) -> Action:
    """What to do with ``request`` in ``phase``."""
    is_hello = isinstance(request, requests.HelloRequest)
    match phase:
        case Phase.HANDSHAKE:
            return Action.HANDLE if is_hello else Action.CLOSE
        case Phase.OPEN:
            return Action.REJECT if is_hello else Action.HANDLE
        case Phase.CLOSED:
            return Action.IGNORE
