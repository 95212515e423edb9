"""What can go wrong, as types: one class a code, and one a way to lose the connection.

BussaError
    ApiError            the server refused one request; the connection stays
        NotAllowedError, RateLimitedError …    one class a code of the contract
    ConnectionClosedError             the connection ended for good
        TokenRefusedError   … for want of a good token (4401)
    UnreachableError        no connection came about in time
    RequestTimeoutError           no answer in time: the outcome is not known
    RequestInterruptedError the connection broke under a request that may not be repeated
    EventBacklogError             too much waits behind events that nobody reads
    ProtocolError        the other side does not speak the contract
"""

from bussa_protocol.codes import AnyCode, ErrorCode, HttpCode


class BussaError(Exception):
    """Anything that this package raises."""


class ApiError(BussaError):
    """The server refused one request (contract, section *Errors*).

    ``message`` is for people, ``retry_after`` is in seconds and only there where waiting helps.
    """

    code: AnyCode

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class BadRequestError(ApiError):
    code = ErrorCode.BAD_REQUEST


class NotAllowedError(ApiError):
    """The other's door is closed; for which reason, nobody is told."""

    code = ErrorCode.NOT_ALLOWED


class AwaitingAcceptanceError(ApiError):
    """One knock is all: the other has to accept first."""

    code = ErrorCode.AWAITING_ACCEPTANCE


class NotFoundError(ApiError):
    code = ErrorCode.NOT_FOUND


class ConflictError(ApiError):
    """The nonce was used for another message."""

    code = ErrorCode.CONFLICT


class RateLimitedError(ApiError):
    code = ErrorCode.RATE_LIMITED


class UnavailableError(ApiError):
    """The store is out of reach: nothing was committed, or the nonce makes it safe to ask again."""

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
    """The connection ended and does not come back. ``code`` is the close code, where one was given."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason if code is None else f"{reason} ({code})")
        self.code = code
        self.reason = reason


class TokenRefusedError(ConnectionClosedError):
    """The token is refused, expired or revoked, and there is no way to get another."""


class UnreachableError(BussaError):
    """No connection came about within the caller's patience; the message says why the last try failed."""


class RequestTimeoutError(BussaError):
    """No answer within the caller's patience. A time-out is no failure: the request may have been carried out.

    ``nonce`` (of a ``send``) settles it: sent again under the same nonce it is delivered once.
    """

    def __init__(self, nonce: str | None = None) -> None:
        super().__init__("no answer in time; whether it was carried out is not known")
        self.nonce = nonce


class RequestInterruptedError(BussaError):
    """The connection broke under a request that must not be carried out twice; it may have been, once."""


class EventBacklogError(BussaError):
    """Too many own writes wait behind events that are not read: read ``events()``, or open with ``listen=False``."""


class ProtocolError(BussaError):
    """The other side does not speak the contract: no Bussa server, or one that is broken."""
