"""What can go wrong, as types: one class a code, and one a way to lose the connection.

BussaError
    RefusedError            the server refused one request; the connection stays
        NotAllowedError, RateLimitedError …    one class a code of the contract
    ClosedError             the connection ended for good
        TokenRefusedError   … for want of a good token (4401)
    UnreachableError        no connection came about in time
    DeadlineError           no answer in time: the outcome is not known
    InterruptedRequestError the connection broke under a request that may not be repeated
    BehindError             too much waits behind events that nobody reads
    NotContractError        the other side does not speak the contract
"""

from bussa_protocol.codes import AnyCode, Code, HttpCode


class BussaError(Exception):
    """Anything that this package raises."""


class RefusedError(BussaError):
    """The server refused one request (contract, section *Errors*).

    ``message`` is for people, ``retry_after`` is in seconds and only there where waiting helps.
    """

    code: AnyCode

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class BadRequestError(RefusedError):
    code = Code.BAD_REQUEST


class NotAllowedError(RefusedError):
    """The other's door is closed; for which reason, nobody is told."""

    code = Code.NOT_ALLOWED


class AwaitingAcceptanceError(RefusedError):
    """One knock is all: the other has to accept first."""

    code = Code.AWAITING_ACCEPTANCE


class NotFoundError(RefusedError):
    code = Code.NOT_FOUND


class ConflictError(RefusedError):
    """The nonce was used for another message."""

    code = Code.CONFLICT


class RateLimitedError(RefusedError):
    code = Code.RATE_LIMITED


class UnavailableError(RefusedError):
    """The store is out of reach: nothing was committed, or the nonce makes it safe to ask again."""

    code = Code.UNAVAILABLE


class UnauthenticatedError(RefusedError):
    code = HttpCode.UNAUTHENTICATED


class TakenError(RefusedError):
    code = HttpCode.TAKEN


class MethodNotAllowedError(RefusedError):
    code = HttpCode.METHOD_NOT_ALLOWED


class TooLargeError(RefusedError):
    code = HttpCode.TOO_LARGE


_CLASSES: dict[AnyCode, type[RefusedError]] = {
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


def refusal(code: AnyCode, message: str, retry_after: float | None = None) -> RefusedError:
    """The error of a code."""
    return _CLASSES[code](message, retry_after=retry_after)


class ClosedError(BussaError):
    """The connection ended and does not come back. ``code`` is the close code, where one was given."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason if code is None else f"{reason} ({code})")
        self.code = code
        self.reason = reason


class TokenRefusedError(ClosedError):
    """The token is refused, expired or revoked, and there is no way to get another."""


class UnreachableError(BussaError):
    """No connection came about within the caller's patience; the message says why the last try failed."""


class DeadlineError(BussaError):
    """No answer within the caller's patience. A time-out is no failure: the request may have been carried out.

    ``nonce`` (of a ``send``) settles it: sent again under the same nonce it is delivered once.
    """

    def __init__(self, nonce: str | None = None) -> None:
        super().__init__("no answer in time; whether it was carried out is not known")
        self.nonce = nonce


class InterruptedRequestError(BussaError):
    """The connection broke under a request that must not be carried out twice; it may have been, once."""


class BehindError(BussaError):
    """Too many own writes wait behind events that are not read: read ``events()``, or open with ``listen=False``."""


class NotContractError(BussaError):
    """The other side does not speak the contract: no Bussa server, or one that is broken."""
