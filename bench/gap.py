"""A device that resumes after 10,000 events."""

import asyncio
import statistics
import time

from bench import clients, servers
from bench.closed_loop import send
from bench.runner import run
from bench.servers import Server
from bench.table import Line, Measured
from bussa_load.websocket import WebSocketConnection

EVENTS = 10_000
ROUNDS = 5


def measure(core: int | None) -> list[Line]:
    with servers.bussa(core) as server:
        rounds = run(_rounds(server))
    rate = statistics.median(m.rate for m in rounds)
    cpu = statistics.median(m.cpu_micros for m in rounds)
    core_share = statistics.median(m.core for m in rounds)
    return [Line("resume: 10,000 events", rate, cpu, core_share, note=f"{EVENTS / rate * 1000:.0f} ms in total")]


async def _rounds(server: Server) -> list[Measured]:
    tokens = await clients.create_users(server, ["ann", "bob"])
    welcome = await _send_events(server, tokens)
    found: list[Measured] = []
    for _ in range(ROUNDS):
        found.append(await _resume(server, tokens["bob"], welcome["epoch"]))
        await asyncio.sleep(0.2)
    return found


class _Countdown:
    """A frame callback that is done after `EVENTS` frames."""

    def __init__(self) -> None:
        self._missing = EVENTS
        self.done = asyncio.Event()

    def __call__(self, connection: WebSocketConnection, payload: bytes) -> None:
        self._missing -= 1
        if not self._missing:
            self.done.set()


async def _resume(server: Server, token: str, epoch: str) -> Measured:
    events = _Countdown()
    cpu, started = server.cpu_seconds(), time.perf_counter()
    device = await clients.connect_device(server, token, events, resume=0, epoch=epoch)
    await events.done.wait()
    seconds, cpu = time.perf_counter() - started, server.cpu_seconds() - cpu
    clients.abort_all([device.connection])
    return Measured(EVENTS / seconds, cpu / EVENTS * 1e6, cpu / seconds)


async def _send_events(server: Server, tokens: dict[str, str]) -> dict[str, str]:
    """Ann sends `EVENTS` messages while Bob is disconnected."""
    replies = _Countdown()
    ann = await clients.connect_device(server, tokens["ann"], replies)
    for number in range(1, EVENTS + 1):
        ann.connection.send(send("bob", f"n-{number}", number))
    await replies.done.wait()
    clients.abort_all([ann.connection])
    return ann.welcome
