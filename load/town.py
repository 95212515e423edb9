"""Makes the people of a plan on a server, by the calls of a host application."""

import asyncio
from collections.abc import Sequence

import httpx

from load.plan import Cast

AT_ONCE = 32


class TownError(Exception):
    """The server does not let us: says what would help."""


async def settle(url: str, admin_key: str, cast: Cast, names: Sequence[str]) -> dict[str, str]:
    """Create ``names`` of ``cast`` with their doors, and fetch a token of each.

    Raises TownError.
    """
    tokens: dict[str, str] = {}
    limits = httpx.Limits(max_connections=AT_ONCE)
    headers = {"Authorization": f"Bearer {admin_key}"}
    waiting = list(reversed(names))
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=30) as http:

        async def worker() -> None:
            while waiting:
                name = waiting.pop()
                policy = "anyone" if name in cast.open_doors else "nobody"
                await _call(http, "PUT", f"/v1/users/{name}", {"dm_policy": policy})
                tokens[name] = (await _call(http, "POST", f"/v1/users/{name}/tokens", {}))["token"]

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(worker())
    return tokens


async def _call(http: httpx.AsyncClient, method: str, path: str, body: dict[str, str]) -> dict[str, str]:
    try:
        answer = await http.request(method, path, json=body)
    except httpx.HTTPError as error:
        raise TownError(f"{http.base_url} does not answer: {type(error).__name__}") from error
    if answer.status_code in (401, 404):
        raise TownError("the server refuses the admin key: start it with --admin-key and give the same here")
    if answer.status_code >= 400:
        raise TownError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
    return answer.json()
