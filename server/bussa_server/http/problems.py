"""Error responses: ``application/problem+json`` (RFC 9457) with a stable ``code``."""

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
"""``retry_after`` of an `unavailable` error: the store tries to reconnect to its database more often than that."""

# Responses are for one caller at one moment, and must never be rendered as a page.
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
    """An error response to a call. ``retry_after``: seconds, if waiting helps."""

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
    """The error response of a refused command."""
    return ProblemError(refusal.code, refusal.message)


def not_found(detail: str = "unknown user") -> ProblemError:
    return ProblemError(ErrorCode.NOT_FOUND, detail)


def taken() -> ProblemError:
    return ProblemError(HttpCode.TAKEN, "the user name is already taken")


def unavailable(detail: str = "temporarily unavailable; try again") -> ProblemError:
    return ProblemError(ErrorCode.UNAVAILABLE, detail, retry_after=RETRY_SECONDS)


def unauthenticated(detail: str, *, invalid: bool = True) -> ProblemError:
    """``invalid``: credentials were given and are invalid (RFC 6750, section 3.1)."""
    challenge = 'Bearer error="invalid_token"' if invalid else "Bearer"
    return ProblemError(HttpCode.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})


def internal() -> Response:
    """The response to an unexpected exception. The details are in the log only."""
    return _answer(500, "internal", "internal server error", None, {})


def _answer(status: int, code: str, detail: str, retry_after: float | None, headers: Mapping[str, str]) -> Response:
    body = Problem(title=HTTPStatus(status).phrase, status=status, code=code, detail=detail, retry_after=retry_after)
    waiting = {} if retry_after is None else {"Retry-After": str(max(1, math.ceil(retry_after)))}
    return Response(
        msgspec.json.encode(body), status, media_type=MEDIA_TYPE, headers={**NO_STORE_HEADERS, **waiting, **headers}
    )


async def on_http_exception(request: Request, error: Exception) -> Response:
    """The router's own errors: an unknown path, a method not allowed."""
    assert isinstance(error, HTTPException)
    telemetry.call_answered("other", "unmatched", error.status_code, 0.0)
    if error.status_code == 404:
        return not_found("unknown path").response
    code = HttpCode.METHOD_NOT_ALLOWED if error.status_code == 405 else ErrorCode.BAD_REQUEST
    return ProblemError(code, error.detail, status=error.status_code, headers=error.headers).response


async def on_defect(request: Request, error: Exception) -> Response:
    """An exception from a route that `resource` did not make."""
    telemetry.defect("http", error)
    return internal()
