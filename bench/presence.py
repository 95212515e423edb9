"""Connections: how fast they open and resume, and what one costs that does nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bench import people, servers
from bench.people import Greeted
from bench.runs import run
from bench.servers import Server
from bench.table import Line, Measured
from load.wire import Wire, connect

CONNECTIONS = 2_000
WARM = 100
IDLE_SECONDS = 25.0
"""Longer than the server's pings are apart, so that each connection has answered one."""


def measure(core: int | None) -> list[Line]:
    with servers.echo(core) as server:
        opened, kib, idle = run(_echo(server))
    found = [
        Line("echo: connects", opened.rate, opened.cpu_micros, opened.core, 1.0),
        Line("echo: idle connection", ratio=1.0, note=f"{kib:.1f} KiB, {idle:.4%} of a core"),
    ]
    with servers.bussa(core) as server:
        greeted, resumed, ours, our_idle = run(_bussa(server))
    beside = opened.cpu_micros
    return [
        *found,
        Line("connects with hello", greeted.rate, greeted.cpu_micros, greeted.core, greeted.cpu_micros / beside),
        Line("resumes", resumed.rate, resumed.cpu_micros, resumed.core, resumed.cpu_micros / beside),
        Line(
            "idle connection", ratio=ours / kib if kib > 0 else None, note=f"{ours:.1f} KiB, {our_idle:.4%} of a core"
        ),
    ]


async def _echo(server: Server) -> tuple[Measured, float, float]:
    async def one(_: int) -> Wire:
        return await connect("127.0.0.1", server.port, "bussa.v1.msgpack", people.ignore)

    people.close(await people.several(one, range(WARM)))
    await asyncio.sleep(0.5)
    before = server.resident_bytes()
    opened, wires = await _timed(server, one, range(CONNECTIONS))
    kib, idle = await _idle(server, before)
    people.close(wires)
    return opened, kib, idle


async def _bussa(server: Server) -> tuple[Measured, Measured, float, float]:
    tokens = list((await people.make(server, [f"i{number}" for number in range(CONNECTIONS)])).values())
    cursors: dict[str, dict[str, Any]] = {}

    async def come(token: str) -> Greeted:
        return await people.greet(server, token, people.ignore, **cursors.get(token, {}))

    people.close(one.wire for one in await people.several(come, tokens[:WARM]))
    await asyncio.sleep(0.5)
    before = server.resident_bytes()
    greeted, devices = await _timed(server, come, tokens)
    kib, idle = await _idle(server, before)
    for token, device in zip(tokens, devices, strict=True):
        cursors[token] = {"resume": device.welcome["head"], "epoch": device.welcome["epoch"]}
    people.close(device.wire for device in devices)
    await asyncio.sleep(2)  # the ends of all are behind it
    resumed, devices = await _timed(server, come, tokens)
    people.close(device.wire for device in devices)
    return greeted, resumed, kib, idle


async def _timed(server: Server, work: Callable[[Any], Awaitable[Any]], items: Any) -> tuple[Measured, list[Any]]:
    cpu, started = server.cpu_seconds(), time.perf_counter()
    results = await people.several(work, items)
    seconds, cpu = time.perf_counter() - started, server.cpu_seconds() - cpu
    return Measured(len(results) / seconds, cpu / len(results) * 1e6, cpu / seconds), results


async def _idle(server: Server, before: int) -> tuple[float, float]:
    """KiB, and share of a core, of each connection."""
    await asyncio.sleep(2)
    kib = (server.resident_bytes() - before) / CONNECTIONS / 1024
    cpu = server.cpu_seconds()
    await asyncio.sleep(IDLE_SECONDS)
    return kib, (server.cpu_seconds() - cpu) / IDLE_SECONDS / CONNECTIONS
