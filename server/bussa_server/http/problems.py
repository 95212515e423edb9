"""Errors as ``application/problem+json`` (RFC 9457) with a stable ``code``."""

import math
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bussa_protocol.bodies import Problem
from bussa_protocol.codes import AnyCode, ErrorCode, HttpCode
from bussa_server import telemetry
from bussa_server.domain.unit_of_work import Refusal

MEDIA_TYPE = "application/problem+json"

RETRY_SECONDS = 1.0
"""When to ask again what the store could not answer: it looks for its database more often than that."""

# Whatever is answered is meant for one asker at one moment, and is never to be taken for a page.
NO_STORE_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

_STATUS: dict[AnyCode, int] = {
    ErrorCode.BAD_REQUEST: 422,
    ErrorCode.NOT_ALLOWED: 403,
    ErrorCode.AWAITING_ACCEPTANCE: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.UNAVAILABLE: 503,
    HttpCode.UNAUTHENTICATED: 401,
    HttpCode.TAKEN: 409,
    HttpCode.METHOD_NOT_ALLOWED: 405,
    HttpCode.TOO_LARGE: 413,
}


class ProblemError(Exception):
    """A call that is answered with an error. ``retry_after``: in seconds, where waiting helps."""

    def __init__(
        self,
        code: AnyCode,
        detail: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status or _STATUS[code]
        self.retry_after = retry_after
        self.headers = headers or {}

    @property
    def response(self) -> Response:
        return _answer(self.status, self.code.value, self.detail, self.retry_after, self.headers)


def refused(refusal: Refusal) -> ProblemError:
    """What the ledger said no to."""
    return ProblemError(refusal.code, refusal.message)


def not_found(detail: str = "no such user") -> ProblemError:
    return ProblemError(ErrorCode.NOT_FOUND, detail)


def taken() -> ProblemError:
    return ProblemError(HttpCode.TAKEN, "that name is taken")


def unavailable(detail: str = "out of reach for the moment; ask again") -> ProblemError:
    return ProblemError(ErrorCode.UNAVAILABLE, detail, retry_after=RETRY_SECONDS)


def unauthenticated(detail: str, *, invalid: bool = True) -> ProblemError:
    """``invalid``: something was shown and did not count (RFC 6750, section 3.1)."""
    challenge = 'Bearer error="invalid_token"' if invalid else "Bearer"
    return ProblemError(HttpCode.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})


def internal() -> Response:
    """A defect of ours; what it was stands in the log and is nobody else's business."""
    return _answer(500, "internal", "something went wrong on our side", None, {})


def _answer(status: int, code: str, detail: str, retry_after: float | None, headers: Mapping[str, str]) -> Response:
    body = Problem(title=HTTPStatus(status).phrase, status=status, code=code, detail=detail, retry_after=retry_after)
    waiting = {} if retry_after is None else {"Retry-After": str(max(1, math.ceil(retry_after)))}
    return Response(
        msgspec.json.encode(body), status, media_type=MEDIA_TYPE, headers={**NO_STORE_HEADERS, **waiting, **headers}
    )


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What the router itself refuses: a path that there is not, a method that a path has not."""
    assert isinstance(error, HTTPException)
    telemetry.call_answered("other", "unmatched", error.status_code, 0.0)
    if error.status_code == 404:
        return not_found("no such path").response
    code = HttpCode.METHOD_NOT_ALLOWED if error.status_code == 405 else ErrorCode.BAD_REQUEST
    return ProblemError(code, error.detail, status=error.status_code, headers=error.headers).response


async def on_defect(request: Request, error: Exception) -> Response:
    """What escaped from a route that is not one of ours."""
    telemetry.defect("http", error)
    return internal()
