"""Users and their connections."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgpack

from bench.servers import ADMIN, SECRET, Server
from bussa_load.admin_client import AdminClient
from bussa_load.provision import sign_token
from bussa_load.websocket import WebSocketConnection, connect

CONCURRENCY = 64
T = TypeVar("T")

OnFrame = Callable[[WebSocketConnection, bytes], None]


@dataclass
class Connected:
    connection: WebSocketConnection
    welcome: dict[str, Any]


async def create_users(server: Server, names: Iterable[str], dm_policy: str = "anyone") -> dict[str, str]:
    """Create users; returns a token of each."""
    queue = iter(list(names))
    tokens: dict[str, str] = {}

    async def worker() -> None:
        client = AdminClient(server.url, ADMIN)
        for name in queue:
            status, body = await client.call("PUT", f"/v1/users/{name}", {"dm_policy": dm_policy})
            if status not in (200, 201):
                raise RuntimeError(f"{status} {body!r}")
            tokens[name] = sign_token(name, SECRET)
        client.close()

    await asyncio.gather(*(worker() for _ in range(16)))
    return tokens


async def connect_device(
    server: Server, token: str, on_frame: OnFrame, source: str | None = None, **hello: Any
) -> Connected:
    """Connect and complete the hello/welcome handshake. ``source``: the local address; ``hello``: further fields."""
    welcomed: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def first(connection: WebSocketConnection, payload: bytes) -> None:
        if welcomed.done():
            on_frame(connection, payload)
        else:
            welcomed.set_result(payload)

    connection = await connect("127.0.0.1", server.port, "bussa.v1.msgpack", first, source)
    connection.send(pack({"type": "hello", "token": token, **hello}))
    return Connected(connection, msgpack.unpackb(await welcomed))


async def gather_limited(work: Callable[[T], Awaitable[Any]], items: Sequence[T]) -> list[Any]:
    """``work`` for each item, `CONCURRENCY` at a time; the results in the order of the items."""
    slots = asyncio.Semaphore(CONCURRENCY)

    async def one(item: T) -> Any:
        async with slots:
            return await work(item)

    return await asyncio.gather(*(one(item) for item in items))


def pack(message: dict[str, Any]) -> bytes:
    return msgpack.Packer().pack(message)


def abort_all(connections: Iterable[WebSocketConnection]) -> None:
    for connection in connections:
        connection.abort()


def ignore(connection: WebSocketConnection, payload: bytes) -> None:
    """A frame callback that does nothing."""
