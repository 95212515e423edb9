"""Drives devices through a plan, and says what came of it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from load import town, watch
from load.device import GreetingError, LoadDevice, stamped
from load.meter import Meter, percentiles
from load.plan import STORMS, Cast, Plan, Writer, cast, due
from load.truth import Truth

OPENING = 64
"""Connections opened at once."""
QUIET_SECONDS = 30.0
"""How long what was acknowledged may take to arrive, once nothing is sent any more."""
SAMPLE_SECONDS = 1.0


@dataclass
class Outcome:
    """What a run has shown. Latencies in milliseconds, sizes in bytes, times in seconds."""

    plan: Plan
    seconds: float
    acknowledged: int
    refused: int
    delivered: int
    rate_limited: int
    opening_seconds: float
    wrong: int
    complaints: list[str]
    encoded: tuple[str, str, dict[int, int]]
    harness_cpu: float
    """CPU time of this process during the run, as a share of one core."""
    server_cpu: list[float] = field(default_factory=list)
    """The server's, second by second, likewise."""
    server_memory: list[float] = field(default_factory=list)
    memory_before: float | None = None
    """Of the server, before the connections were opened."""
    comebacks: list[float] = field(default_factory=list)
    """How long each storm took until everybody was back."""


class Run:
    def __init__(self, plan: Plan, url: str, admin_key: str, prefix: str, source: str | None = None) -> None:
        self._plan = plan
        self._url = url
        self._admin_key = admin_key
        self._cast: Cast = cast(plan, prefix)
        split = urlsplit(url)
        self._address = (split.hostname or "127.0.0.1", split.port or 80)
        self._source = source
        self._truth = Truth()
        self._meter = Meter(time.perf_counter())
        self._devices: dict[str, LoadDevice] = {}
        self._turn: dict[str, int] = {}
        self._writers = {writer.name: writer for writer in self._cast.writers}
        self._sending = False
        self._prefix = prefix
        self._cpu: list[float] = []
        self._memory: list[float] = []

    async def run(self, progress: Callable[[str], None]) -> Outcome:
        """Raises TownError, GreetingError, OSError."""
        progress(f"making {len(self._cast.names)} people")
        tokens = await town.settle(self._url, self._admin_key, self._cast, self._cast.names)
        async with httpx.AsyncClient(base_url=self._url, timeout=5) as http:
            before = await watch.sample(http)
            progress(f"opening {len(tokens)} connections")
            started = time.perf_counter()
            await self._open_all(tokens)
            opening = time.perf_counter() - started
            watching = asyncio.create_task(self._watch(http, progress))
            try:
                cpu, started = time.process_time(), time.perf_counter()
                self._meter.started = started
                comebacks = await self._drive()
                seconds = time.perf_counter() - started
                cpu = time.process_time() - cpu
                await self._quiet()
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
        self._judge()
        for device in self._devices.values():
            device.close()
        return Outcome(
            plan=self._plan,
            seconds=seconds,
            acknowledged=self._truth.acknowledged,
            refused=self._truth.refused,
            delivered=self._truth.delivered,
            rate_limited=sum(device.rate_limited for device in self._devices.values()),
            opening_seconds=opening,
            wrong=self._truth.wrong,
            complaints=self._truth.complaints,
            encoded=self._meter.encoded(),
            harness_cpu=cpu / seconds,
            server_cpu=self._cpu,
            server_memory=self._memory,
            memory_before=before.resident_bytes if before else None,
            comebacks=comebacks,
        )

    async def _open_all(self, tokens: dict[str, str]) -> None:
        for name, token in tokens.items():
            self._devices[name] = LoadDevice(
                name, token, self._address, self._truth, self._meter, self._answered, self._received, self._source
            )
        await self._open(list(self._devices.values()))

    async def _open(self, devices: list[LoadDevice]) -> None:
        waiting = list(reversed(devices))

        async def worker() -> None:
            while waiting:
                await waiting.pop().open()

        async with asyncio.TaskGroup() as group:
            for _ in range(min(OPENING, len(devices))):
                group.create_task(worker())

    async def _drive(self) -> list[float]:
        plan = self._plan
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
            return await storms if storms is not None else []
        finally:
            self._sending = False
            await asyncio.gather(*blocking)

    async def _keep_rate(self) -> None:
        """Open loop: send when it is due, or as soon after as we can; latency counts from when it was due."""
        started = time.perf_counter()
        writers = self._cast.writers
        for when, which in due(self._plan, len(writers)):
            ahead = started + when - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            self._write(writers[which], started + when)

    def _write(self, writer: Writer, due: float) -> None:
        turn = self._turn[writer.name] = self._turn.get(writer.name, -1) + 1
        to = writer.to[turn % len(writer.to)]
        self._devices[writer.name].send(to, stamped(due, self._plan.text), f"{self._prefix}-{turn}", due)

    def _answered(self, device: LoadDevice) -> None:
        writer = self._writers.get(device.user)
        if self._sending and not self._plan.open_loop and writer is not None:
            self._write(writer, time.perf_counter())

    def _received(self, device: LoadDevice, peer: str) -> None:
        if device.user in self._cast.answering and self._sending:
            turn = self._turn[device.user] = self._turn.get(device.user, -1) + 1
            now = time.perf_counter()
            device.send(peer, stamped(now, self._plan.text), f"{self._prefix}-a{turn}", now)

    async def _block(self, who: str, whom: str, when: float) -> None:
        await asyncio.sleep(self._plan.seconds * when)
        self._devices[who].block(whom)

    async def _storms(self) -> list[float]:
        """Everybody drops, and everybody comes back at once."""
        took: list[float] = []
        for _ in range(STORMS):
            await asyncio.sleep(self._plan.seconds / (STORMS + 1))
            devices = list(self._devices.values())
            for device in devices:
                device.drop()
            started = time.perf_counter()
            await self._open(devices)
            took.append(time.perf_counter() - started)
        return took

    async def _quiet(self) -> None:
        """Wait until every send is answered and everything acknowledged has arrived."""
        deadline = time.perf_counter() + QUIET_SECONDS
        while time.perf_counter() < deadline:
            if not any(device.under_way for device in self._devices.values()) and not self._truth.outstanding():
                return
            await asyncio.sleep(0.05)

    def _judge(self) -> None:
        for device in self._devices.values():
            if device.under_way:
                self._truth.complain(f"{device.user}: {device.under_way} sends were never answered")
            if not device.connected:
                self._truth.complain(f"{device.user}: the connection was lost")
        forbidden = {(writer.name, peer) for writer in self._cast.writers for peer in writer.forbidden}
        self._truth.verdict(forbidden)

    async def _watch(self, http: httpx.AsyncClient, progress: Callable[[str], None]) -> None:
        last = await watch.sample(http)
        at, delivered = time.perf_counter(), 0
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            found, now = await watch.sample(http), time.perf_counter()
            rate = (self._truth.delivered - delivered) / (now - at)
            if found is not None and last is not None:
                self._cpu.append((found.cpu_seconds - last.cpu_seconds) / (now - at))
                self._memory.append(found.resident_bytes)
            cpu = f", server {self._cpu[-1]:.0%} of a core" if self._cpu else ""
            p99 = percentiles(self._meter.delivered).get("p99")
            lag = f", p99 {p99:.1f} ms" if p99 is not None else ""
            progress(f"{rate:,.0f} delivered/s{lag}{cpu}")
            last, at, delivered = found, now, self._truth.delivered


__all__ = ["GreetingError", "Outcome", "Run"]
