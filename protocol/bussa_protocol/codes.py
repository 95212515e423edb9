"""Two kinds of failure, as data: the refusal of one request, the close of a connection.

Each carries its advice on coming back, so that a client needs no table of its own.
(Contract, section *Errors*.)
"""

from enum import Enum, IntEnum, StrEnum


class Code(StrEnum):
    """Why one request was refused, over the socket or over HTTP; a connection stays open."""

    BAD_REQUEST = "bad_request"
    NOT_ALLOWED = "not_allowed"
    AWAITING_ACCEPTANCE = "awaiting_acceptance"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"

    @property
    def worth_repeating(self) -> bool:
        """Whether the same request may succeed later, unchanged."""
        return self in (Code.RATE_LIMITED, Code.UNAVAILABLE)


class HttpCode(StrEnum):
    """Why one call was refused, where only HTTP has the reason: never in an ``error`` frame."""

    UNAUTHENTICATED = "unauthenticated"
    TAKEN = "taken"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    TOO_LARGE = "too_large"

    @property
    def worth_repeating(self) -> bool:
        """Whether the same call may succeed later, unchanged."""
        return False


AnyCode = Code | HttpCode


def any_code(value: str) -> AnyCode:
    """The code of a problem (RFC 9457). Raises ``ValueError`` for one that the contract does not name."""
    try:
        return Code(value)
    except ValueError:
        return HttpCode(value)


class Return(Enum):
    """What a client does after a close."""

    NEVER = "does not repeat it"
    SOON = "comes back within a few seconds, at a random moment, and resumes"
    NEW_TOKEN = "gets a new token first"
    BACKOFF = "comes back after a growing wait"


class Close(IntEnum):
    """Why the server ended a connection."""

    WRONG_KIND = 1003
    TOO_LARGE = 1009
    RESTART = 1012
    NOT_PROTOCOL = 4400
    TOKEN = 4401
    NO_HELLO = 4408
    TOO_SLOW = 4413
    TOO_MUCH = 4429

    @property
    def reason(self) -> str:
        """One short sentence for people; goes into the close frame (at most 123 bytes, RFC 6455 5.5)."""
        return _REASONS[self]


_REASONS = {
    Close.WRONG_KIND: "wrong kind of frame for this subprotocol",
    Close.TOO_LARGE: "frame too large",
    Close.RESTART: "the server restarts",
    Close.NOT_PROTOCOL: "not the protocol",
    Close.TOKEN: "token refused, expired or revoked",
    Close.NO_HELLO: "no hello in time",
    Close.TOO_SLOW: "reading too slowly",
    Close.TOO_MUCH: "far over the limits",
}

_ADVICE = {
    Close.WRONG_KIND: Return.NEVER,
    Close.TOO_LARGE: Return.NEVER,
    Close.RESTART: Return.SOON,
    Close.NOT_PROTOCOL: Return.NEVER,
    Close.TOKEN: Return.NEW_TOKEN,
    Close.NO_HELLO: Return.SOON,
    Close.TOO_SLOW: Return.SOON,
    Close.TOO_MUCH: Return.BACKOFF,
}


def advice(close_code: int | None) -> Return:
    """What a client does after a connection ended with ``close_code``.

    ``None`` is a connection that ended without a close frame. Whatever the contract does not
    name (a proxy's 1001, a network's 1006) is worth another try after a growing wait.
    """
    try:
        return _ADVICE[Close(close_code)]  # pyright: ignore[reportArgumentType] - None is a ValueError, too
    except ValueError:
        return Return.BACKOFF
