"""Who is there, and their connections."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgpack

from bench.servers import ADMIN, SECRET, Server
from bussa_load.admin_client import AdminClient
from bussa_load.provision import sign_token
from bussa_load.websocket import WebSocketConnection, connect, encode_frame

CONCURRENCY = 64
T = TypeVar("T")

OnFrame = Callable[[WebSocketConnection, bytes], None]


@dataclass
class Connected:
    connection: WebSocketConnection
    welcome: dict[str, Any]


async def create_users(server: Server, names: Iterable[str], dm_policy: str = "anyone") -> dict[str, str]:
    """Make people whose doors are open; returns a token of each."""
    waiting = iter(list(names))
    tokens: dict[str, str] = {}

    async def worker() -> None:
        caller = AdminClient(server.url, ADMIN)
        for name in waiting:
            status, body = await caller.call("PUT", f"/v1/users/{name}", {"dm_policy": dm_policy})
            if status not in (200, 201):
                raise RuntimeError(f"{status} {body!r}")
            tokens[name] = sign_token(name, SECRET)
        caller.close()

    await asyncio.gather(*(worker() for _ in range(16)))
    return tokens


async def connect_device(
    server: Server, token: str, on_frame: OnFrame, source: str | None = None, **hello: Any
) -> Connected:
    """Connect and be welcomed. ``source``: the local address to come from; ``hello``: further fields."""
    welcomed: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def first(wire: WebSocketConnection, payload: bytes) -> None:
        if welcomed.done():
            on_frame(wire, payload)
        else:
            welcomed.set_result(payload)

    wire = await connect("127.0.0.1", server.port, "bussa.v1.msgpack", first, source)
    wire.transport.write(encode_frame(pack({"type": "hello", "token": token, **hello}), binary=True))
    return Connected(wire, msgpack.unpackb(await welcomed))


async def gather_limited(work: Callable[[T], Awaitable[Any]], items: Sequence[T]) -> list[Any]:
    """``work`` for each, some at once; the results in the order of the items."""
    gate = asyncio.Semaphore(CONCURRENCY)

    async def one(item: T) -> Any:
        async with gate:
            return await work(item)

    return await asyncio.gather(*(one(item) for item in items))


def pack(message: dict[str, Any]) -> bytes:
    return msgpack.Packer().pack(message)


def abort_all(connections: Iterable[WebSocketConnection]) -> None:
    for wire in connections:
        wire.transport.abort()


def ignore(wire: WebSocketConnection, payload: bytes) -> None:
    """Hears it, and is content."""
