"""Sign-up, log-in and following over HTTP, one request each. Errors have the same classes as over the socket."""

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
"""Time-out of one request."""


async def sign_up(url: str, user: str, password: str, name: str | None = None) -> TokenGrant:
    """Create an account and log in.

    Raises:
        TakenError: the user name is taken.
        BadRequestError: invalid user name, password or display name.
        UnreachableError: the server cannot be reached.
    """
    body = SignUp(user=user, password=password, name=name)
    return _decode(await _call(url, "POST", "/v1/accounts", body=body), TokenGrant)


async def log_in(url: str, user: str, password: str) -> TokenGrant:
    """Log in.

    Raises:
        UnauthenticatedError: wrong user name or password.
        UnreachableError: the server cannot be reached.
    """
    body = LogIn(user=user, password=password)
    return _decode(await _call(url, "POST", "/v1/tokens", body=body), TokenGrant)


async def log_out_everywhere(url: str, token: str) -> None:
    """Revoke every token of the user, and close every open socket with 4401."""
    await _call(url, "DELETE", "/v1/sessions", token)


async def follow(url: str, token: str, user: str) -> None:
    """Follow ``user``.

    Raises:
        NotFoundError: unknown user.
    """
    await _call(url, "PUT", f"/v1/following/{quote(user, safe='')}", token)


async def unfollow(url: str, token: str, user: str) -> None:
    """Stop following ``user``."""
    await _call(url, "DELETE", f"/v1/following/{quote(user, safe='')}", token)


async def following(url: str, token: str, *, cursor: str | None = None) -> UserPage:
    """A page of the users this user follows; ``cursor`` is the ``next`` of the page before."""
    return await _page(url, token, "/v1/following", cursor)


async def followers(url: str, token: str, *, cursor: str | None = None) -> UserPage:
    """A page of this user's followers; ``cursor`` is the ``next`` of the page before."""
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
            response = await http.request(method, http_url(url) + path, headers=headers, content=content, params=query)
    except httpx.TransportError as error:
        raise UnreachableError(f"cannot reach {url}: {error or type(error).__name__}") from error
    if response.is_success:
        return response.content
    raise _problem(response)


def _decode(content: bytes, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(f"invalid response body: {error}") from error


def _problem(response: httpx.Response) -> ApiError | ProtocolError:
    try:
        problem = msgspec.json.decode(response.content, type=Problem)
        return api_error(any_code(problem.code), problem.detail or problem.title, problem.retry_after)
    except ValueError:  # DecodeError and UnicodeDecodeError are subclasses; an unknown code raises one too.
        return ProtocolError(f"HTTP {response.status_code} without a problem document")
