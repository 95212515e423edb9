"""Error codes of requests and close codes of connections (contract, section *Errors*).

Each carries its retry advice, so that a client needs no table of its own.
"""

from enum import Enum, IntEnum, StrEnum


class ErrorCode(StrEnum):
    """Why a request was refused, over WebSocket or HTTP. A WebSocket connection stays open."""

    BAD_REQUEST = "bad_request"
    NOT_ALLOWED = "not_allowed"
    AWAITING_ACCEPTANCE = "awaiting_acceptance"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"

    @property
    def retryable(self) -> bool:
        """Whether the unchanged request may succeed later."""
        return self in (ErrorCode.RATE_LIMITED, ErrorCode.UNAVAILABLE)


class HttpCode(StrEnum):
    """Error codes of HTTP alone; they never appear in an ``error`` frame."""

    UNAUTHENTICATED = "unauthenticated"
    TAKEN = "taken"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    TOO_LARGE = "too_large"

    @property
    def retryable(self) -> bool:
        """Whether the unchanged request may succeed later."""
        return False


AnyCode = ErrorCode | HttpCode


def any_code(value: str) -> AnyCode:
    """The code of a problem (RFC 9457). Raises ``ValueError`` for an unknown one."""
    try:
        return ErrorCode(value)
    except ValueError:
        return HttpCode(value)


class ReconnectAdvice(Enum):
    """What a client does after a close. The values are texts of the AsyncAPI document."""

    NEVER = "does not reconnect"
    SOON = "reconnects within a few seconds, at a random moment, and resumes"
    NEW_TOKEN = "gets a new token first"
    BACKOFF = "reconnects with exponential backoff"


class CloseReason(IntEnum):
    """Why the server closed a connection."""

    UNSUPPORTED_DATA = 1003
    TOO_LARGE = 1009
    RESTART = 1012
    PROTOCOL_ERROR = 4400
    INVALID_TOKEN = 4401
    HELLO_TIMEOUT = 4408
    SLOW_CONSUMER = 4413
    RATE_LIMITED = 4429

    @property
    def reason(self) -> str:
        """The reason text of the close frame: at most 123 bytes (RFC 6455, section 5.5)."""
        return _REASONS[self]


_REASONS = {
    CloseReason.UNSUPPORTED_DATA: "wrong frame type for this subprotocol",
    CloseReason.TOO_LARGE: "frame too large",
    CloseReason.RESTART: "server restarting",
    CloseReason.PROTOCOL_ERROR: "protocol error",
    CloseReason.INVALID_TOKEN: "token invalid, expired or revoked",
    CloseReason.HELLO_TIMEOUT: "hello timeout",
    CloseReason.SLOW_CONSUMER: "slow consumer",
    CloseReason.RATE_LIMITED: "rate limit exceeded",
}

_RECONNECT_ADVICE = {
    CloseReason.UNSUPPORTED_DATA: ReconnectAdvice.NEVER,
    CloseReason.TOO_LARGE: ReconnectAdvice.NEVER,
    CloseReason.RESTART: ReconnectAdvice.SOON,
    CloseReason.PROTOCOL_ERROR: ReconnectAdvice.NEVER,
    CloseReason.INVALID_TOKEN: ReconnectAdvice.NEW_TOKEN,
    CloseReason.HELLO_TIMEOUT: ReconnectAdvice.SOON,
    CloseReason.SLOW_CONSUMER: ReconnectAdvice.SOON,
    CloseReason.RATE_LIMITED: ReconnectAdvice.BACKOFF,
}


def reconnect_advice(close_code: int | None) -> ReconnectAdvice:
    """What a client does after a close with ``close_code`` (``None``: no close frame).

    Codes that the contract does not list, such as a proxy's 1001 or the 1006 of a lost network, are retried
    with backoff.
    """
    try:
        return _RECONNECT_ADVICE[CloseReason(close_code)]  # pyright: ignore[reportArgumentType] - None is a ValueError, too
    except ValueError:
        return ReconnectAdvice.BACKOFF
