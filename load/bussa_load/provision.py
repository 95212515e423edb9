"""Creates the users of a plan on a server, through the admin API."""

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
"""Users between two lines of progress."""


class ProvisionError(Exception):
    """Creating the users failed; the message says what would help."""


async def create_users(
    url: str, admin_key: str, population: Population, secret: str | None, progress: Callable[[str], None]
) -> dict[str, str]:
    """Create the users of ``population`` with their policies and follows.

    Returns a token of each user: from the server, or signed with its ``secret``. Raises ProvisionError.
    """
    tokens: dict[str, str] = {}

    async def create(client: AdminClient, name: str) -> None:
        await _call(client, "PUT", f"/v1/users/{name}", {"dm_policy": population.policies[name]})
        if secret is None:
            body = await _call(client, "POST", f"/v1/users/{name}/tokens", {"ttl": TOKEN_SECONDS})
            tokens[name] = json.loads(body)["token"]
        else:
            tokens[name] = sign_token(name, secret)
        if len(tokens) % PROGRESS_EVERY == 0:
            progress(f"created {len(tokens):,} of {len(population.policies):,} users")

    async def follow(client: AdminClient, pair: tuple[str, str]) -> None:
        await _call(client, "PUT", f"/v1/users/{pair[0]}/following/{pair[1]}", None)

    clients = [AdminClient(url, admin_key) for _ in range(CONCURRENCY)]
    try:
        progress(f"creating {len(population.policies):,} users and {len(population.follows):,} follows")
        await _for_each(clients, create, population.policies)
        await _for_each(clients, follow, population.follows)
    finally:
        for client in clients:
            client.close()
    return tokens


def sign_token(user: str, secret: str) -> str:
    """A token as a host application signs it (protocol, *HTTP*)."""
    now = int(time.time())
    claims = {"sub": user, "iat": now, "exp": now + TOKEN_SECONDS}
    # Signed by hand (RFC 7515): PyJWT warns of a short secret, and the secret is the server's choice.
    signed = b"%b.%b" % (_base64url(b'{"alg":"HS256","typ":"JWT"}'), _base64url(json.dumps(claims).encode()))
    return (signed + b"." + _base64url(hmac.digest(secret.encode(), signed, hashlib.sha256))).decode()


def _base64url(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")


async def _for_each(
    clients: Sequence[AdminClient], work: Callable[[AdminClient, Any], Awaitable[None]], items: Iterable[Any]
) -> None:
    """Each client takes the next item. Raises the first error; the other workers are cancelled."""
    queue = iter(items)

    async def worker(client: AdminClient) -> None:
        for item in queue:
            await work(client, item)

    workers = [asyncio.create_task(worker(client)) for client in clients]
    try:
        await asyncio.gather(*workers)
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _call(client: AdminClient, method: str, path: str, body: dict[str, str | int] | None) -> bytes:
    try:
        status, response = await client.call(method, path, body)
    except OSError as error:
        raise ProvisionError(f"cannot reach the server: {error or type(error).__name__}") from error
    if status in (401, 404):
        raise ProvisionError("admin key refused: start the server with --admin-key and pass the same key here")
    if status >= 400:
        raise ProvisionError(f"{method} {path}: {status} {response[:200].decode(errors='replace')}")
    return response
