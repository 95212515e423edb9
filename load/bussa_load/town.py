"""Makes the people of a plan on a server, by the calls of a host application."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from bussa_load.calls import Caller
from bussa_load.plan import Cast

AT_ONCE = 32
TOKEN_SECONDS = 24 * 3600
SAID_EVERY = 500
"""People between two lines of progress."""


class TownError(Exception):
    """The server does not let us: says what would help."""


async def settle(
    url: str, admin_key: str, cast: Cast, secret: str | None, progress: Callable[[str], None]
) -> dict[str, str]:
    """Create the people of ``cast`` with their doors, let them follow each other, and get a token of each: from the
    server, or signed with its ``secret``.

    Raises TownError.
    """
    tokens: dict[str, str] = {}

    async def arrive(caller: Caller, name: str) -> None:
        await _call(caller, "PUT", f"/v1/users/{name}", {"dm_policy": cast.doors[name]})
        if secret is None:
            answer = await _call(caller, "POST", f"/v1/users/{name}/tokens", {"ttl": TOKEN_SECONDS})
            tokens[name] = json.loads(answer)["token"]
        else:
            tokens[name] = minted(name, secret)
        if len(tokens) % SAID_EVERY == 0:
            progress(f"{len(tokens):,} of {len(cast.doors):,} people made")

    async def follow(caller: Caller, pair: tuple[str, str]) -> None:
        await _call(caller, "PUT", f"/v1/users/{pair[0]}/following/{pair[1]}", None)

    callers = [Caller(url, admin_key) for _ in range(AT_ONCE)]
    try:
        progress(f"making {len(cast.doors):,} people, who follow each other {len(cast.follows):,} times")
        await _all(callers, arrive, cast.doors)
        await _all(callers, follow, cast.follows)
    finally:
        for caller in callers:
            caller.close()
    return tokens


def minted(user: str, secret: str) -> str:
    """A token as a host application signs it (contract, *HTTP*)."""
    now = int(time.time())
    claims = {"sub": user, "iat": now, "exp": now + TOKEN_SECONDS}
    # Signed by hand (RFC 7515): PyJWT would advise against a short secret, and that is the server's choice.
    signed = b"%b.%b" % (_part(b'{"alg":"HS256","typ":"JWT"}'), _part(json.dumps(claims).encode()))
    return (signed + b"." + _part(hmac.digest(secret.encode(), signed, hashlib.sha256))).decode()


def _part(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")


async def _all(callers: Sequence[Caller], work: Callable[[Caller, Any], Awaitable[None]], items: Iterable[Any]) -> None:
    """Each caller takes the next item. Raises what the first that fails raises; the others are ended."""
    waiting = iter(items)

    async def worker(caller: Caller) -> None:
        for item in waiting:
            await work(caller, item)

    workers = [asyncio.create_task(worker(caller)) for caller in callers]
    try:
        await asyncio.gather(*workers)
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _call(caller: Caller, method: str, path: str, body: dict[str, str | int] | None) -> bytes:
    try:
        status, answer = await caller.call(method, path, body)
    except OSError as error:
        raise TownError(f"the server does not answer: {error or type(error).__name__}") from error
    if status in (401, 404):
        raise TownError("the server refuses the admin key: start it with --admin-key and give the same here")
    if status >= 400:
        raise TownError(f"{method} {path}: {status} {answer[:200].decode(errors='replace')}")
    return answer
