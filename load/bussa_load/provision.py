"""Makes the people of a plan on a server, by the calls of a host application."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from bussa_load.admin_client import AdminClient
from bussa_load.plan import Population

CONCURRENCY = 32
TOKEN_SECONDS = 24 * 3600
PROGRESS_EVERY = 500
"""People between two lines of progress."""


class ProvisionError(Exception):
    """The server does not let us: says what would help."""


async def create_users(
    url: str, admin_key: str, population: Population, secret: str | None, progress: Callable[[str], None]
) -> dict[str, str]:
    """Create the people of ``cast`` with their doors, let them follow each other, and get a token of each: from the
    server, or signed with its ``secret``.

    Raises ProvisionError.
    """
    tokens: dict[str, str] = {}

    async def create(caller: AdminClient, name: str) -> None:
        await _call(caller, "PUT", f"/v1/users/{name}", {"dm_policy": population.policies[name]})
        if secret is None:
            answer = await _call(caller, "POST", f"/v1/users/{name}/tokens", {"ttl": TOKEN_SECONDS})
            tokens[name] = json.loads(answer)["token"]
        else:
            tokens[name] = sign_token(name, secret)
        if len(tokens) % PROGRESS_EVERY == 0:
            progress(f"{len(tokens):,} of {len(population.policies):,} people made")

    async def follow(caller: AdminClient, pair: tuple[str, str]) -> None:
        await _call(caller, "PUT", f"/v1/users/{pair[0]}/following/{pair[1]}", None)

    clients = [AdminClient(url, admin_key) for _ in range(CONCURRENCY)]
    try:
        progress(f"making {len(population.policies):,} people, who follow each other {len(population.follows):,} times")
        await _for_each(clients, create, population.policies)
        await _for_each(clients, follow, population.follows)
    finally:
        for caller in clients:
            caller.close()
    return tokens


def sign_token(user: str, secret: str) -> str:
    """A token as a host application signs it (contract, *HTTP*)."""
    now = int(time.time())
    claims = {"sub": user, "iat": now, "exp": now + TOKEN_SECONDS}
    # Signed by hand (RFC 7515): PyJWT would advise against a short secret, and that is the server's choice.
    signed = b"%b.%b" % (_base64url(b'{"alg":"HS256","typ":"JWT"}'), _base64url(json.dumps(claims).encode()))
    return (signed + b"." + _base64url(hmac.digest(secret.encode(), signed, hashlib.sha256))).decode()


def _base64url(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")


async def _for_each(
    clients: Sequence[AdminClient], work: Callable[[AdminClient, Any], Awaitable[None]], items: Iterable[Any]
) -> None:
    """Each caller takes the next item. Raises what the first that fails raises; the others are ended."""
    waiting = iter(items)

    async def worker(caller: AdminClient) -> None:
        for item in waiting:
            await work(caller, item)

    workers = [asyncio.create_task(worker(caller)) for caller in clients]
    try:
        await asyncio.gather(*workers)
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _call(client: AdminClient, method: str, path: str, body: dict[str, str | int] | None) -> bytes:
    try:
        status, answer = await client.call(method, path, body)
    except OSError as error:
        raise ProvisionError(f"the server does not answer: {error or type(error).__name__}") from error
    if status in (401, 404):
        raise ProvisionError("the server refuses the admin key: start it with --admin-key and give the same here")
    if status >= 400:
        raise ProvisionError(f"{method} {path}: {status} {answer[:200].decode(errors='replace')}")
    return answer
