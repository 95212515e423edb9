"""Error classes: one per error code, and one per way to lose the connection.

BussaError
    ApiError                     the server refused one request; the connection stays open
        NotAllowedError …            one class per error code
    ConnectionClosedError        the connection is closed for good
        TokenRefusedError            … because the token is invalid (4401)
    UnreachableError             no connection in time
    RequestTimeoutError          no reply in time: the outcome is unknown
    RequestInterruptedError      disconnected during a request that must not be retried
    EventBacklogError            too many own writes wait behind unread events
    ProtocolError                the server violates the protocol
"""

from bussa_protocol.codes import AnyCode, ErrorCode, HttpCode


class BussaError(Exception):
    """Base class of everything this SDK raises."""


class ApiError(BussaError):
    """The server refused one request (protocol, section *Errors*).

    ``message`` is human-readable. ``retry_after`` is in seconds, and None unless a retry may succeed.
    """

    code: AnyCode

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class BadRequestError(ApiError):
    code = ErrorCode.BAD_REQUEST


class NotAllowedError(ApiError):
    """The recipient does not accept messages from this user. The reason is not disclosed."""

    code = ErrorCode.NOT_ALLOWED


class AwaitingAcceptanceError(ApiError):
    """The first message has not been accepted yet."""

    code = ErrorCode.AWAITING_ACCEPTANCE


class NotFoundError(ApiError):
    code = ErrorCode.NOT_FOUND


class ConflictError(ApiError):
    """The nonce was used for a different message."""

    code = ErrorCode.CONFLICT


class RateLimitedError(ApiError):
    code = ErrorCode.RATE_LIMITED


class UnavailableError(ApiError):
    """The database is unavailable. Nothing was committed, or the nonce makes a retry safe."""

    code = ErrorCode.UNAVAILABLE


class UnauthenticatedError(ApiError):
    code = HttpCode.UNAUTHENTICATED


class TakenError(ApiError):
    code = HttpCode.TAKEN


class MethodNotAllowedError(ApiError):
    code = HttpCode.METHOD_NOT_ALLOWED


class TooLargeError(ApiError):
    code = HttpCode.TOO_LARGE


_CLASSES: dict[AnyCode, type[ApiError]] = {
    kind.code: kind
    for kind in (
        BadRequestError,
        NotAllowedError,
        AwaitingAcceptanceError,
        NotFoundError,
        ConflictError,
        RateLimitedError,
        UnavailableError,
        UnauthenticatedError,
        TakenError,
        MethodNotAllowedError,
        TooLargeError,
    )
}


def api_error(code: AnyCode, message: str, retry_after: float | None = None) -> ApiError:
    """The error of a code."""
    return _CLASSES[code](message, retry_after=retry_after)


class ConnectionClosedError(BussaError):
    """The connection is closed and will not be reopened. ``code``: the close code, if any."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason if code is None else f"{reason} ({code})")
        self.code = code
        self.reason = reason


class TokenRefusedError(ConnectionClosedError):
    """The token is invalid, expired or revoked, and no other is available."""


class UnreachableError(BussaError):
    """No connection within the time-out. The message says why the last attempt failed."""


class RequestTimeoutError(BussaError):
    """No reply within the time-out. The request may have been executed.

    For a ``send``, retry with the same ``nonce``: the message is delivered once.
    """

    def __init__(self, nonce: str | None = None) -> None:
        super().__init__("no reply in time; the outcome is unknown")
        self.nonce = nonce


class RequestInterruptedError(BussaError):
    """Disconnected during a request that must not be executed twice. It may have been executed."""


class EventBacklogError(BussaError):
    """Too many own writes wait behind unread events: read ``events()``, or pass ``listen=False``."""


class ProtocolError(BussaError):
    """The server violates the protocol: not a Bussa server, or a broken one."""
