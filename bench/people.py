"""Who is there, and their connections."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgpack

from bench.servers import ADMIN, SECRET, Server
from bussa_load.calls import Caller
from bussa_load.town import minted
from bussa_load.wire import Wire, connect, frame

AT_ONCE = 64
T = TypeVar("T")

OnFrame = Callable[[Wire, bytes], None]


@dataclass
class Greeted:
    wire: Wire
    welcome: dict[str, Any]


async def make(server: Server, names: Iterable[str], door: str = "anyone") -> dict[str, str]:
    """Make people whose doors are open; returns a token of each."""
    waiting = iter(list(names))
    tokens: dict[str, str] = {}

    async def worker() -> None:
        caller = Caller(server.url, ADMIN)
        for name in waiting:
            status, body = await caller.call("PUT", f"/v1/users/{name}", {"dm_policy": door})
            if status not in (200, 201):
                raise RuntimeError(f"{status} {body!r}")
            tokens[name] = minted(name, SECRET)
        caller.close()

    await asyncio.gather(*(worker() for _ in range(16)))
    return tokens


async def greet(server: Server, token: str, on_frame: OnFrame, source: str | None = None, **hello: Any) -> Greeted:
    """Connect and be welcomed. ``source``: the local address to come from; ``hello``: further fields."""
    welcomed: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def first(wire: Wire, payload: bytes) -> None:
        if welcomed.done():
            on_frame(wire, payload)
        else:
            welcomed.set_result(payload)

    wire = await connect("127.0.0.1", server.port, "bussa.v1.msgpack", first, source)
    wire.transport.write(frame(pack({"type": "hello", "token": token, **hello}), binary=True))
    return Greeted(wire, msgpack.unpackb(await welcomed))


async def several(work: Callable[[T], Awaitable[Any]], items: Sequence[T]) -> list[Any]:
    """``work`` for each, some at once; the results in the order of the items."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(item: T) -> Any:
        async with gate:
            return await work(item)

    return await asyncio.gather(*(one(item) for item in items))


def pack(message: dict[str, Any]) -> bytes:
    return msgpack.Packer().pack(message)


def close(wires: Iterable[Wire]) -> None:
    for wire in wires:
        wire.transport.abort()


def ignore(wire: Wire, payload: bytes) -> None:
    """Hears it, and is content."""
