"""Connections: rate of connects and resumes, memory and CPU of an idle one."""

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bench import clients, servers
from bench.clients import Connected
from bench.runner import run
from bench.servers import Server
from bench.table import Line, Measured
from bussa_load.websocket import WebSocketConnection, connect

CONNECTIONS = 15_000
"""The capacity that a node should have, or fewer if the limit of open files is lower."""
SPARE_FILES = 500
SOURCES = 4
"""Local addresses to connect from: the ports of one do not suffice."""
WARM_UP_CONNECTIONS = 100
IDLE_SECONDS = 40.0
"""Twice the server's ping interval, so that each connection has answered two pings."""


def measure(core: int | None) -> list[Line]:
    count = _connections()
    with servers.echo(core) as server:
        opened, kib, idle = run(_echo(server, count))
    found = [
        Line("echo: connects", opened.rate, opened.cpu_micros, opened.core, 1.0),
        Line("echo: idle connection", ratio=1.0, note=f"{kib:.1f} KiB, {idle:.5%} of a core"),
    ]
    with servers.bussa(core) as server:
        connected, resumed, ours, our_idle = run(_bussa(server, count))
    floor = opened.cpu_micros
    return [
        *found,
        Line("connects with hello", connected.rate, connected.cpu_micros, connected.core, connected.cpu_micros / floor),
        Line("resumes", resumed.rate, resumed.cpu_micros, resumed.core, resumed.cpu_micros / floor),
        Line(
            "idle connection",
            ratio=ours / kib if kib > 0 else None,
            note=f"{ours:.1f} KiB, {our_idle:.5%} of a core, one of {count:,}",
        ),
    ]


def _connections() -> int:
    """How many connections the limit of open files allows. The servers inherit the limit of this process."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return CONNECTIONS if hard == resource.RLIM_INFINITY else min(CONNECTIONS, hard - SPARE_FILES)


def _source(number: int) -> str:
    return f"127.0.0.{2 + number % SOURCES}"


async def _echo(server: Server, count: int) -> tuple[Measured, float, float]:
    async def one(number: int) -> WebSocketConnection:
        return await connect("127.0.0.1", server.port, "bussa.v1.msgpack", clients.ignore, _source(number))

    clients.abort_all(await clients.gather_limited(one, range(WARM_UP_CONNECTIONS)))
    await asyncio.sleep(0.5)
    before = server.resident_bytes()
    opened, connections = await _timed(server, one, range(count))
    kib, idle = await _idle(server, before, count)
    clients.abort_all(connections)
    return opened, kib, idle


async def _bussa(server: Server, count: int) -> tuple[Measured, Measured, float, float]:
    tokens = list((await clients.create_users(server, [f"i{number}" for number in range(count)])).values())
    cursors: dict[int, dict[str, Any]] = {}

    async def connect_one(number: int) -> Connected:
        return await clients.connect_device(
            server, tokens[number], clients.ignore, _source(number), **cursors.get(number, {})
        )

    clients.abort_all(one.connection for one in await clients.gather_limited(connect_one, range(WARM_UP_CONNECTIONS)))
    await asyncio.sleep(0.5)
    before = server.resident_bytes()
    connected, devices = await _timed(server, connect_one, range(count))
    kib, idle = await _idle(server, before, count)
    for number, device in enumerate(devices):
        cursors[number] = {"resume": device.welcome["head"], "epoch": device.welcome["epoch"]}
    clients.abort_all(device.connection for device in devices)
    await asyncio.sleep(2)  # until the server has dropped all of them
    resumed, devices = await _timed(server, connect_one, range(count))
    clients.abort_all(device.connection for device in devices)
    return connected, resumed, kib, idle


async def _timed(server: Server, work: Callable[[Any], Awaitable[Any]], items: Any) -> tuple[Measured, list[Any]]:
    cpu, started = server.cpu_seconds(), time.perf_counter()
    results = await clients.gather_limited(work, items)
    seconds, cpu = time.perf_counter() - started, server.cpu_seconds() - cpu
    return Measured(len(results) / seconds, cpu / len(results) * 1e6, cpu / seconds), results


async def _idle(server: Server, before: int, count: int) -> tuple[float, float]:
    """KiB and share of a core per connection. Memory is read last, so that it includes what pings allocate."""
    await asyncio.sleep(2)
    cpu = server.cpu_seconds()
    await asyncio.sleep(IDLE_SECONDS)
    idle = (server.cpu_seconds() - cpu) / IDLE_SECONDS / count
    return (server.resident_bytes() - before) / count / 1024, idle
