"""Drives devices through a plan, and returns the outcome."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bussa_load import monitor, provision
from bussa_load.device import LoadDevice
from bussa_load.fleet import Fleet
from bussa_load.meter import Meter
from bussa_load.monitor import Progress
from bussa_load.outcome import Outcome
from bussa_load.plan import STORM_COUNT, Plan, Writer, population, schedule
from bussa_load.verifier import Verifier

DRAIN_SECONDS = 60.0
"""How long outstanding replies and deliveries may take after the last send."""
STALL_SECONDS = 10.0
"""Time without any progress after which nothing more is expected."""
PINGS_AT_ONCE = 200
"""Concurrent pings of the final check. The server bounds waiting reads and may answer `unavailable` to 20,000 at
once."""
SAMPLE_SECONDS = 1.0
"""Interval of samples and progress lines."""
TICK = 0.001
"""Open loop: shortest sleep; the timers of the event loop are no finer."""


@dataclass(frozen=True, slots=True)
class Target:
    """The server and the identity of a run."""

    url: str
    admin_key: str
    prefix: str
    """Of user names: keeps the users of this run apart from those of others."""
    secret: str | None = None
    source: str | None = None


async def sleep_until(at: float) -> None:
    """Sleep until ``at``, seconds of ``time.perf_counter``; returns at once if that is past."""
    while (ahead := at - time.perf_counter()) > 0:  # noqa: ASYNC110 - it waits for a time, not for an event
        await asyncio.sleep(max(ahead, TICK))


class Run:
    """The run of one process. ``report`` gets a line during the preparation, then the progress of each second."""

    def __init__(self, plan: Plan, target: Target, report: Callable[[str | Progress], None]) -> None:
        self._plan = plan
        self._target = target
        self._report = report
        self._population = population(plan, target.prefix)
        self._writers = {writer.name: writer for writer in self._population.writers}
        self._verifier = Verifier()
        self._meter = Meter(time.perf_counter())
        self._fleet = Fleet([], self._verifier)
        self._devices: dict[str, LoadDevice] = {}
        self._send_counts: Counter[str] = Counter()
        self._sending = False
        self._postponed: Counter[str] = Counter()
        self._given_up = 0
        self._monitor = monitor.ServerMonitor()

    async def run(self, begin: Callable[[], Awaitable[None]] | None = None) -> Outcome:
        """Run the plan. ``begin`` waits until the other processes are ready. Raises ProvisionError, OSError."""
        target = self._target
        tokens = await provision.create_users(
            target.url, target.admin_key, self._population, target.secret, self._report
        )
        async with httpx.AsyncClient(base_url=target.url, timeout=5) as http:
            before = await monitor.sample(http)
            opening = await self._open(tokens)
            if begin is not None:
                await begin()
            self._monitor.add(await monitor.sample(http), plot=False)
            watching = asyncio.create_task(self._monitor_server(http))
            try:
                cpu, started = time.process_time(), time.perf_counter()
                self._meter.started = started
                comebacks = await self._drive()
                seconds = time.perf_counter() - started
                await self._drain()
                cpu, whole = time.process_time() - cpu, time.perf_counter() - started
                self._monitor.add(await monitor.sample(http), plot=False)
                await self._check_heads()
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                await self._fleet.close()
        self._verify()
        return Outcome(
            plan=self._plan,
            connections=len(tokens),
            seconds=seconds,
            acknowledged=self._verifier.acknowledged,
            refused=self._verifier.refused,
            delivered=self._verifier.delivered,
            postponed=self._postponed,
            given_up=self._given_up,
            opening_seconds=opening,
            wrong=self._verifier.wrong,
            complaints=self._verifier.complaints,
            counts=self._meter.counts,
            harness_cpu=cpu / whole,
            harness_cpu_seconds=cpu,
            server_cpu_seconds=self._monitor.total,
            server_cpu=self._monitor.shares,
            server_memory=self._monitor.memory,
            memory_before=before.resident_bytes if before else None,
            lost=self._fleet.lost,
            comebacks=comebacks,
        )

    async def _open(self, tokens: dict[str, str]) -> float:
        split = urlsplit(self._target.url)
        address = (split.hostname or "127.0.0.1", split.port or 80)
        self._devices = {name: self._device(name, token, address) for name, token in tokens.items()}
        self._fleet = Fleet(list(self._devices.values()), self._verifier)
        self._report(f"opening {len(tokens):,} connections")
        started = time.perf_counter()
        await self._fleet.open()
        return time.perf_counter() - started

    def _device(self, name: str, token: str, address: tuple[str, int]) -> LoadDevice:
        writer = self._writers.get(name)
        forbidden: frozenset[str] = frozenset() if writer is None else writer.forbidden
        return LoadDevice(name, token, address, self._verifier, self._meter, self, self._target.source, forbidden)

    async def _drive(self) -> list[float]:
        plan, fleet = self._plan, self._fleet
        if plan.kind == "idle":
            await asyncio.sleep(plan.seconds)
            return []
        self._sending = True
        blocking = [asyncio.create_task(self._block(*block)) for block in self._population.blocks]
        storms = asyncio.create_task(self._storms()) if plan.kind == "storm" else None
        try:
            if plan.open_loop:
                await self._run_open_loop()
            else:
                for writer in self._population.writers:
                    for _ in range(plan.outstanding):
                        self._write(writer, time.perf_counter())
                await asyncio.sleep(plan.seconds)
            self._sending = False
            comebacks = await storms if storms is not None else []
            await fleet.wait_connected()
            return comebacks
        finally:
            self._sending = False
            await asyncio.gather(*blocking)

    async def _run_open_loop(self) -> None:
        """Open loop: send at the due time or as soon after as possible; latency counts from the due time."""
        started = time.perf_counter()
        writers = self._population.writers
        for when, which in schedule(self._plan, len(writers)):
            at = started + when
            await sleep_until(at)
            self._meter.record_lateness(at, time.perf_counter())
            self._write(writers[which], at)

    def _write(self, writer: Writer, due: float) -> None:
        turn = self._send_counts[writer.name]
        self._send_counts[writer.name] += 1
        to = writer.to[turn % len(writer.to)]
        self._devices[writer.name].send(to, f"{self._target.prefix}{turn}", due, self._plan.text)

    # DeviceObserver.

    def answered(self, device: LoadDevice) -> None:
        if not self._population.responders:
            self._send_next(device)

    def received(self, device: LoadDevice, peer: str) -> None:
        if device.user not in self._population.responders:
            if self._population.responders:
                self._send_next(device)
        elif self._sending:
            turn = self._send_counts[device.user]
            self._send_counts[device.user] += 1
            device.send(peer, f"{self._target.prefix}{turn}", time.perf_counter(), self._plan.text)

    def postponed(self, device: LoadDevice, request: int, seconds: float, code: str) -> None:
        self._postponed[code] += 1
        asyncio.get_running_loop().call_later(seconds, self._retry_or_give_up, device, request)

    def lost(self, device: LoadDevice, code: int) -> None:
        self._fleet.reconnect(device, code)

    def _retry_or_give_up(self, device: LoadDevice, request: int) -> None:
        if not self._sending and device.give_up(request):
            self._given_up += 1
        else:
            device.retry(request)

    def _send_next(self, device: LoadDevice) -> None:
        writer = self._writers.get(device.user)
        if self._sending and not self._plan.open_loop and writer is not None:
            self._write(writer, time.perf_counter())

    async def _block(self, blocker: str, blocked: str, when: float) -> None:
        await asyncio.sleep(self._plan.seconds * when)
        self._devices[blocker].block(blocked)

    async def _storms(self) -> list[float]:
        took: list[float] = []
        for _ in range(STORM_COUNT):
            await asyncio.sleep(self._plan.seconds / (STORM_COUNT + 1))
            took.append(await self._fleet.storm())
        return took

    # The end.

    async def _drain(self) -> None:
        """Wait until every send is answered and every acknowledged message is delivered."""
        deadline = time.perf_counter() + DRAIN_SECONDS
        known, still = (-1, -1), 0.0
        while (now := time.perf_counter()) < deadline:
            await self._fleet.wait_connected()
            left = sum(device.in_flight for device in self._devices.values()), self._verifier.outstanding()
            if left == (0, 0):
                return
            if left != known:
                known, still = left, now
            elif now - still > STALL_SECONDS:
                return
            await asyncio.sleep(0.02)

    async def _check_heads(self) -> None:
        """Compare every device's cursor with the head of its log: nothing may be missing at the end."""
        devices = [device for device in self._devices.values() if device.connected]
        deadline = time.perf_counter() + DRAIN_SECONDS
        for first in range(0, len(devices), PINGS_AT_ONCE):
            pongs = [device.ping() for device in devices[first : first + PINGS_AT_ONCE]]
            _, late = await asyncio.wait(pongs, timeout=max(0.0, deadline - time.perf_counter()))
            for _ in late:
                self._verifier.complain("ping without a reply")

    def _verify(self) -> None:
        for device in self._devices.values():
            if device.in_flight:
                self._verifier.complain(f"{device.user}: {device.in_flight} sends without a reply")
        forbidden = ((writer.name, peer) for writer in self._population.writers for peer in writer.forbidden)
        self._verifier.verdict(forbidden)

    async def _monitor_server(self, http: httpx.AsyncClient) -> None:
        at, delivered = time.perf_counter(), self._verifier.delivered
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            found = await monitor.sample(http)
            self._monitor.add(found)
            now = time.perf_counter()
            rate = (self._verifier.delivered - delivered) / (now - at)
            server = self._monitor.shares[-1] if found is not None and self._monitor.shares else None
            self._report(Progress(self._fleet.connected, rate, self._meter.recent_p99(), server, self._verifier.wrong))
            at, delivered = now, self._verifier.delivered
