"""The HTTP side: signing up, logging in, following. One short request each; errors are typed as over the socket."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from bussa.connect import http_url
from bussa.errors import ApiError, ProtocolError, UnreachableError, api_error
from bussa_protocol.bodies import LogIn, Problem, SignUp, TokenGrant, UserPage
from bussa_protocol.codes import any_code

Body = TypeVar("Body")

TIMEOUT_SECONDS = 10.0
"""How long one request may take."""


async def sign_up(url: str, user: str, password: str, name: str | None = None) -> TokenGrant:
    """Make an account, and log in.

    Raises:
        TakenError: there is one of that id.
        BadRequestError: no good id, password or name.
        UnreachableError: no server there.
    """
    body = SignUp(user=user, password=password, name=name)
    return _decode(await _call(url, "POST", "/v1/accounts", body=body), TokenGrant)


async def log_in(url: str, user: str, password: str) -> TokenGrant:
    """A token.

    Raises:
        UnauthenticatedError: not this user and this password.
        UnreachableError: no server there.
    """
    body = LogIn(user=user, password=password)
    return _decode(await _call(url, "POST", "/v1/tokens", body=body), TokenGrant)


async def log_out_everywhere(url: str, token: str) -> None:
    """Every token of the user so far stops working, every open socket closes with 4401."""
    await _call(url, "DELETE", "/v1/sessions", token)


async def follow(url: str, token: str, user: str) -> None:
    """Follow ``user``.

    Raises:
        NotFoundError: there is no such user.
    """
    await _call(url, "PUT", f"/v1/following/{quote(user, safe='')}", token)


async def unfollow(url: str, token: str, user: str) -> None:
    """Follow ``user`` no more."""
    await _call(url, "DELETE", f"/v1/following/{quote(user, safe='')}", token)


async def following(url: str, token: str, *, cursor: str | None = None) -> UserPage:
    """A page of whom this user follows; ``cursor`` is the ``next`` of the page before it."""
    return await _page(url, token, "/v1/following", cursor)


async def followers(url: str, token: str, *, cursor: str | None = None) -> UserPage:
    """A page of who follows this user; ``cursor`` is the ``next`` of the page before it."""
    return await _page(url, token, "/v1/followers", cursor)


async def _page(url: str, token: str, path: str, cursor: str | None) -> UserPage:
    query = {} if cursor is None else {"cursor": cursor}
    return _decode(await _call(url, "GET", path, token, query=query), UserPage)


async def _call(
    url: str,
    method: str,
    path: str,
    token: str | None = None,
    *,
    body: Any = None,
    query: Mapping[str, str] | None = None,
) -> bytes:
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    content = None if body is None else msgspec.json.encode(body)
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as http:
            answer = await http.request(method, http_url(url) + path, headers=headers, content=content, params=query)
    except httpx.TransportError as error:
        raise UnreachableError(f"no server at {url}: {error or type(error).__name__}") from error
    if answer.is_success:
        return answer.content
    raise _problem(answer)


def _decode(content: bytes, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(f"not what was asked for: {error}") from error


def _problem(answer: httpx.Response) -> ApiError | ProtocolError:
    try:
        problem = msgspec.json.decode(answer.content, type=Problem)
        return api_error(any_code(problem.code), problem.detail or problem.title, problem.retry_after)
    except ValueError:  # DecodeError and UnicodeDecodeError are ones; so is an unknown code.
        return ProtocolError(f"HTTP {answer.status_code} without a problem of ours")
