"""What a request holds: a body, a page, a user's id, who asks, from where."""

import asyncio
import re
from typing import Any, NamedTuple, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bussa_protocol import limits
from bussa_protocol.codes import ErrorCode, HttpCode
from bussa_protocol.ids import is_user_id
from bussa_server.domain.address import rate_limit_key
from bussa_server.http.problems import NO_STORE_HEADERS, ProblemError, not_found, unauthenticated
from bussa_server.session.principal import Principal, Tokens

MAX_BODY_BYTES = limits.FRAME
"""Bytes of a body; the same bound as a frame's."""

BODY_SECONDS = 10.0
"""How long a body may take to arrive, as long as a `hello`."""

_CURSOR = re.compile(rf"[!-~]{{1,{limits.CURSOR}}}\Z")

T = TypeVar("T", bound=msgspec.Struct)


class Page(NamedTuple):
    cursor: str | None
    limit: int


def json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json", headers=NO_STORE_HEADERS)


def no_content() -> Response:
    return Response(status_code=204, headers=NO_STORE_HEADERS)


async def body(request: Request, kind: type[T], *, optional: bool = False) -> T:
    """The body as ``kind``. ``optional``: no body at all is an empty object.

    Raises:
        ProblemError: 413 if it is too large, 408 if it does not arrive, 422 if it is no such object.
    """
    data = await _bytes(request)
    if optional and not data:
        data = b"{}"
    try:
        return msgspec.json.decode(data, type=kind)
    except RecursionError:
        raise ProblemError(ErrorCode.BAD_REQUEST, "nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProblemError(ErrorCode.BAD_REQUEST, str(error)) from None


async def _bytes(request: Request) -> bytes:
    declared = request.headers.get("content-length", "")
    if len(declared) > 12 or (declared.isdecimal() and int(declared) > MAX_BODY_BYTES):
        raise _too_large()  # before a byte of it is read; what lies about its length is caught below
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                data += chunk
                if len(data) > MAX_BODY_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise ProblemError(
            ErrorCode.BAD_REQUEST, "the body did not arrive", status=408, headers={"Connection": "close"}
        ) from None
    return bytes(data)


def _too_large() -> ProblemError:
    # What is still on its way is not read any more, so the connection is of no further use.
    return ProblemError(
        HttpCode.TOO_LARGE, f"a body has at most {MAX_BODY_BYTES} bytes", headers={"Connection": "close"}
    )


def page(request: Request) -> Page:
    """``?cursor=&limit=``. Raises ProblemError (422)."""
    given = request.query_params.get("limit", str(limits.PAGE_DEFAULT))
    if not re.fullmatch(r"[0-9]{1,9}", given) or not 1 <= int(given) <= limits.PAGE_MAX:
        raise ProblemError(ErrorCode.BAD_REQUEST, f"`limit` is 1 to {limits.PAGE_MAX}")
    cursor = request.query_params.get("cursor")
    if cursor is not None and not _CURSOR.match(cursor):
        raise ProblemError(ErrorCode.BAD_REQUEST, "`cursor` is the `next` of a page")
    return Page(cursor, int(given))


def user_id(request: Request, name: str = "user") -> str:
    """An id in the path. What can't be an id is nobody's: 404."""
    given: Any = request.path_params[name]
    if not is_user_id(given):
        raise not_found()
    return given


def bearer_token(request: Request) -> str:
    """What stands behind `Bearer` (RFC 6750, section 2.1). Raises ProblemError (401) if nothing does."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip(" \t")  # and no more: in Latin-1 half of an `à` would count as a space
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated("this call needs `Authorization: Bearer …`", invalid=False)
    return token


async def principal(request: Request, tokens: Tokens) -> Principal:
    """Who asks. Raises ProblemError (401), Unauthenticated, Unavailable."""
    return await tokens.authenticate(bearer_token(request))


def client_rate_limit_key(request: Request) -> str:
    """Whom to hold to account for a request."""
    return rate_limit_key(request.client.host if request.client is not None else "")
