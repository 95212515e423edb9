"""Drives devices through a plan, and says what came of it."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bussa_load import town, watch
from bussa_load.crowd import Crowd
from bussa_load.device import LoadDevice
from bussa_load.meter import Meter
from bussa_load.outcome import Outcome
from bussa_load.plan import STORMS, Plan, Writer, cast, due
from bussa_load.truth import Truth
from bussa_load.watch import Progress

QUIET_SECONDS = 60.0
"""How long what was sent may take to be answered and to arrive, once nothing is sent any more."""
STILL_SECONDS = 10.0
"""When nothing has come for so long, nothing more will."""
PROVING = 200
"""Devices that ask at a time how far their logs reach. A server bounds the reads that wait, and would be right to
answer `unavailable` to 20,000 at once."""
SAMPLE_SECONDS = 1.0
TICK = 0.001
"""Open loop: the harness looks this often for what is due; a timer of the loop is no finer."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to, and as whom."""

    url: str
    admin_key: str
    prefix: str
    """Keeps the people of this run apart from all others'."""
    secret: str | None = None
    source: str | None = None


async def until(at: float) -> None:
    """Wait until ``at``, seconds of ``time.perf_counter``; return at once where that is past."""
    while (ahead := at - time.perf_counter()) > 0:  # noqa: ASYNC110 - it is time that is waited for
        await asyncio.sleep(max(ahead, TICK))


class Run:
    """One process's. Its ``tell`` gets a line (while it prepares) or the progress of a second."""

    def __init__(self, plan: Plan, target: Target, tell: Callable[[str | Progress], None]) -> None:
        self._plan = plan
        self._target = target
        self._tell = tell
        self._cast = cast(plan, target.prefix)
        self._writers = {writer.name: writer for writer in self._cast.writers}
        self._truth = Truth()
        self._meter = Meter(time.perf_counter())
        self._crowd = Crowd([], self._truth)
        self._devices: dict[str, LoadDevice] = {}
        self._turn: Counter[str] = Counter()
        self._sending = False
        self._postponed: Counter[str] = Counter()
        self._given_up = 0
        self._server = watch.ServerWatch()

    async def run(self, begin: Callable[[], Awaitable[None]] | None = None) -> Outcome:
        """``begin``: waits until the others are ready, too. Raises TownError, OSError."""
        target = self._target
        tokens = await town.settle(target.url, target.admin_key, self._cast, target.secret, self._tell)
        async with httpx.AsyncClient(base_url=target.url, timeout=5) as http:
            before = await watch.sample(http)
            opening = await self._open(tokens)
            if begin is not None:
                await begin()
            self._server.add(await watch.sample(http), plot=False)
            watching = asyncio.create_task(self._watch(http))
            try:
                cpu, started = time.process_time(), time.perf_counter()
                self._meter.started = started
                comebacks = await self._drive()
                seconds = time.perf_counter() - started
                await self._quiet()
                cpu, whole = time.process_time() - cpu, time.perf_counter() - started
                self._server.add(await watch.sample(http), plot=False)
                await self._prove()
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                await self._crowd.close()
        self._judge()
        return Outcome(
            plan=self._plan,
            connections=len(tokens),
            seconds=seconds,
            acknowledged=self._truth.acknowledged,
            refused=self._truth.refused,
            delivered=self._truth.delivered,
            postponed=self._postponed,
            given_up=self._given_up,
            opening_seconds=opening,
            wrong=self._truth.wrong,
            complaints=self._truth.complaints,
            counts=self._meter.counts,
            harness_cpu=cpu / whole,
            harness_cpu_seconds=cpu,
            server_cpu_seconds=self._server.total,
            server_cpu=self._server.shares,
            server_memory=self._server.memory,
            memory_before=before.resident_bytes if before else None,
            lost=self._crowd.lost,
            comebacks=comebacks,
        )

    async def _open(self, tokens: dict[str, str]) -> float:
        split = urlsplit(self._target.url)
        address = (split.hostname or "127.0.0.1", split.port or 80)
        self._devices = {name: self._device(name, token, address) for name, token in tokens.items()}
        self._crowd = Crowd(list(self._devices.values()), self._truth)
        self._tell(f"opening {len(tokens):,} connections")
        started = time.perf_counter()
        await self._crowd.open()
        return time.perf_counter() - started

    def _device(self, name: str, token: str, address: tuple[str, int]) -> LoadDevice:
        writer = self._writers.get(name)
        forbidden: frozenset[str] = frozenset() if writer is None else writer.forbidden
        return LoadDevice(name, token, address, self._truth, self._meter, self, self._target.source, forbidden)

    async def _drive(self) -> list[float]:
        plan, crowd = self._plan, self._crowd
        if plan.kind == "idle":
            await asyncio.sleep(plan.seconds)
            return []
        self._sending = True
        blocking = [asyncio.create_task(self._block(*block)) for block in self._cast.blocks]
        storms = asyncio.create_task(self._storms()) if plan.kind == "storm" else None
        try:
            if plan.open_loop:
                await self._keep_rate()
            else:
                for writer in self._cast.writers:
                    for _ in range(plan.outstanding):
                        self._write(writer, time.perf_counter())
                await asyncio.sleep(plan.seconds)
            self._sending = False
            comebacks = await storms if storms is not None else []
            await crowd.whole()
            return comebacks
        finally:
            self._sending = False
            await asyncio.gather(*blocking)

    async def _keep_rate(self) -> None:
        """Open loop: send when it is due, or as soon after as we can; latency counts from when it was due."""
        started = time.perf_counter()
        writers = self._cast.writers
        for when, which in due(self._plan, len(writers)):
            at = started + when
            await until(at)
            self._meter.lateness(at, time.perf_counter())
            self._write(writers[which], at)

    def _write(self, writer: Writer, due: float) -> None:
        turn = self._turn[writer.name]
        self._turn[writer.name] += 1
        to = writer.to[turn % len(writer.to)]
        self._devices[writer.name].send(to, f"{self._target.prefix}{turn}", due, self._plan.text)

    # What the devices tell.

    def answered(self, device: LoadDevice) -> None:
        if not self._cast.answering:
            self._next(device)

    def received(self, device: LoadDevice, peer: str) -> None:
        if device.user not in self._cast.answering:
            if self._cast.answering:
                self._next(device)
        elif self._sending:
            turn = self._turn[device.user]
            self._turn[device.user] += 1
            device.send(peer, f"{self._target.prefix}{turn}", time.perf_counter(), self._plan.text)

    def told_to_wait(self, device: LoadDevice, request: int, seconds: float, code: str) -> None:
        self._postponed[code] += 1
        asyncio.get_running_loop().call_later(seconds, self._again, device, request)

    def lost(self, device: LoadDevice, code: int) -> None:
        self._crowd.lose(device, code)

    def _again(self, device: LoadDevice, request: int) -> None:
        if not self._sending and device.give_up(request):
            self._given_up += 1
        else:
            device.again(request)

    def _next(self, device: LoadDevice) -> None:
        writer = self._writers.get(device.user)
        if self._sending and not self._plan.open_loop and writer is not None:
            self._write(writer, time.perf_counter())

    async def _block(self, who: str, whom: str, when: float) -> None:
        await asyncio.sleep(self._plan.seconds * when)
        self._devices[who].block(whom)

    async def _storms(self) -> list[float]:
        took: list[float] = []
        for _ in range(STORMS):
            await asyncio.sleep(self._plan.seconds / (STORMS + 1))
            took.append(await self._crowd.storm())
        return took

    # The end.

    async def _quiet(self) -> None:
        """Wait until every send is answered and everything acknowledged has arrived."""
        deadline = time.perf_counter() + QUIET_SECONDS
        known, still = (-1, -1), 0.0
        while (now := time.perf_counter()) < deadline:
            await self._crowd.whole()
            left = sum(device.under_way for device in self._devices.values()), self._truth.outstanding()
            if left == (0, 0):
                return
            if left != known:
                known, still = left, now
            elif now - still > STILL_SECONDS:
                return
            await asyncio.sleep(0.02)

    async def _prove(self) -> None:
        """Every device asks how far its log reaches: nothing may be missing at its end."""
        devices = [device for device in self._devices.values() if device.connected]
        deadline = time.perf_counter() + QUIET_SECONDS
        for first in range(0, len(devices), PROVING):
            pongs = [device.ping() for device in devices[first : first + PROVING]]
            _, late = await asyncio.wait(pongs, timeout=max(0.0, deadline - time.perf_counter()))
            for _ in late:
                self._truth.complain("a ping was not answered")

    def _judge(self) -> None:
        for device in self._devices.values():
            if device.under_way:
                self._truth.complain(f"{device.user}: {device.under_way} sends were never answered")
        forbidden = ((writer.name, peer) for writer in self._cast.writers for peer in writer.forbidden)
        self._truth.verdict(forbidden)

    async def _watch(self, http: httpx.AsyncClient) -> None:
        at, delivered = time.perf_counter(), self._truth.delivered
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            found = await watch.sample(http)
            self._server.add(found)
            now = time.perf_counter()
            rate = (self._truth.delivered - delivered) / (now - at)
            server = self._server.shares[-1] if found is not None and self._server.shares else None
            self._tell(Progress(self._crowd.connected, rate, self._meter.recent_p99(), server, self._truth.wrong))
            at, delivered = now, self._truth.delivered
