"""Request parsing: bodies, page parameters, user ids, bearer tokens, client addresses."""

import asyncio
import re
from typing import Any, NamedTuple, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bussa_protocol import limits
from bussa_protocol.codes import ErrorCode, HttpCode
from bussa_protocol.ids import is_user_id
from bussa_server.auth.principal import Principal, Tokens
from bussa_server.http.problems import NO_STORE_HEADERS, ProblemError, not_found, unauthenticated
from bussa_server.lib.address import rate_limit_key

MAX_BODY_BYTES = limits.FRAME
"""Maximum size of a body; the same as of a frame."""

BODY_SECONDS = 10.0
"""Timeout for reading a body; the same as for ``hello``."""

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
    """Decode the body as ``kind``. ``optional``: a missing body is read as an empty object.

    Raises:
        ProblemError: 413 if it is too large, 408 if it does not arrive in time, 422 if it is invalid.
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
        raise _too_large()  # before reading it; a body longer than declared is caught below
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                data += chunk
                if len(data) > MAX_BODY_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise ProblemError(
            ErrorCode.BAD_REQUEST, "timed out reading the body", status=408, headers={"Connection": "close"}
        ) from None
    return bytes(data)


def _too_large() -> ProblemError:
    # The rest of the body is not read, so the connection can't be reused.
    return ProblemError(
        HttpCode.TOO_LARGE, f"the body is larger than {MAX_BODY_BYTES} bytes", headers={"Connection": "close"}
    )


def page(request: Request) -> Page:
    """Parse ``?cursor=&limit=``. Raises ProblemError (422)."""
    given = request.query_params.get("limit", str(limits.PAGE_DEFAULT))
    if not re.fullmatch(r"[0-9]{1,9}", given) or not 1 <= int(given) <= limits.PAGE_MAX:
        raise ProblemError(ErrorCode.BAD_REQUEST, f"`limit` must be 1 to {limits.PAGE_MAX}")
    cursor = request.query_params.get("cursor")
    if cursor is not None and not _CURSOR.match(cursor):
        raise ProblemError(ErrorCode.BAD_REQUEST, "invalid `cursor`")
    return Page(cursor, int(given))


def user_id(request: Request, name: str = "user") -> str:
    """The user id in the path. An invalid id belongs to no user: ProblemError (404)."""
    given: Any = request.path_params[name]
    if not is_user_id(given):
        raise not_found()
    return given


def bearer_token(request: Request) -> str:
    """The bearer token (RFC 6750, section 2.1). Raises ProblemError (401) if there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip(" \t")  # not all whitespace: decoded as Latin-1, the second byte of an `à` would be stripped
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated("missing bearer token", invalid=False)
    return token


async def principal(request: Request, tokens: Tokens) -> Principal:
    """Authenticate the caller. Raises ProblemError (401), Unauthenticated, Unavailable."""
    return await tokens.authenticate(bearer_token(request))


def client_rate_limit_key(request: Request) -> str:
    """The rate limit key of the client's address."""
    return rate_limit_key(request.client.host if request.client is not None else "")
