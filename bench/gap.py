"""A device that comes back after 10,000 events."""

import asyncio
import statistics
import time

from bench import people, servers
from bench.rounds import send
from bench.runs import run
from bench.servers import Server
from bench.table import Line, Measured
from load.wire import Wire, frame

EVENTS = 10_000
ROUNDS = 5


def measure(core: int | None) -> list[Line]:
    with servers.bussa(core) as server:
        rounds = run(_rounds(server))
    rate = statistics.median(m.rate for m in rounds)
    cpu = statistics.median(m.cpu_micros for m in rounds)
    core_share = statistics.median(m.core for m in rounds)
    return [Line("resume: 10,000 events", rate, cpu, core_share, note=f"{EVENTS / rate * 1000:.0f} ms for all")]


async def _rounds(server: Server) -> list[Measured]:
    tokens = await people.make(server, ["ann", "bob"])
    welcome = await _write(server, tokens)
    found: list[Measured] = []
    for _ in range(ROUNDS):
        found.append(await _resume(server, tokens["bob"], welcome["epoch"]))
        await asyncio.sleep(0.2)
    return found


async def _resume(server: Server, token: str, epoch: str) -> Measured:
    came, arrived = 0, asyncio.Event()

    def on_frame(wire: Wire, payload: bytes) -> None:
        nonlocal came
        came += 1
        if came == EVENTS:
            arrived.set()

    cpu, started = server.cpu_seconds(), time.perf_counter()
    device = await people.greet(server, token, on_frame, resume=0, epoch=epoch)
    await arrived.wait()
    seconds, cpu = time.perf_counter() - started, server.cpu_seconds() - cpu
    people.close([device.wire])
    return Measured(EVENTS / seconds, cpu / EVENTS * 1e6, cpu / seconds)


async def _write(server: Server, tokens: dict[str, str]) -> dict[str, str]:
    """Ann writes, and Bob is away."""
    answered, all_answered = 0, asyncio.Event()

    def on_frame(wire: Wire, payload: bytes) -> None:
        nonlocal answered
        answered += 1
        if answered == EVENTS:
            all_answered.set()

    ann = await people.greet(server, tokens["ann"], on_frame)
    for number in range(1, EVENTS + 1):
        ann.wire.transport.write(frame(send("bob", f"n-{number}", number), binary=True))
    await all_answered.wait()
    people.close([ann.wire])
    return ann.welcome
