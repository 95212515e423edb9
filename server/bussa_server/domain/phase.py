"""Which request is legal in which phase of a connection: the whole table, in one place.

A connection begins in ``HANDSHAKE``; ``hello`` is the only request there and is legal nowhere else.
"""

from enum import Enum, auto

from bussa_protocol.frames import Request, requests


class Phase(Enum):
    HANDSHAKE = auto()
    """Connected, not authenticated yet."""
    OPEN = auto()
    """Authenticated: ``welcome`` was sent."""
    CLOSED = auto()
    """Closing or closed: later frames are ignored."""


class Action(Enum):
    HANDLE = auto()
    REJECT = auto()
    """Answer ``bad_request``."""
    CLOSE = auto()
    """A protocol violation: close with 4400."""
    IGNORE = auto()


def action_for(phase: Phase, request: Request) -> Action:
    """The action for ``request`` in ``phase``."""
    is_hello = isinstance(request, requests.HelloRequest)
    match phase:
        case Phase.HANDSHAKE:
            return Action.HANDLE if is_hello else Action.CLOSE
        case Phase.OPEN:
            return Action.REJECT if is_hello else Action.HANDLE
        case Phase.CLOSED:
            return Action.IGNORE
