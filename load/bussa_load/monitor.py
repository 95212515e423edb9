"""CPU time and memory of the server from ``/metrics``, and the progress of a run."""

import re
import time
from dataclasses import dataclass

import httpx

_VALUE = re.compile(r"^(process_cpu_seconds_total|process_resident_memory_bytes) (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sample:
    at: float
    cpu_seconds: float
    resident_bytes: float


async def sample(http: httpx.AsyncClient) -> Sample | None:
    """A sample of ``/metrics``; None without one (behind a balancer, several workers, another server, no server)."""
    try:
        text = (await http.get("/metrics")).text
    except httpx.HTTPError:
        return None
    found = {name: float(value) for name, value in _VALUE.findall(text)}
    if len(found) < 2:
        return None
    return Sample(time.perf_counter(), found["process_cpu_seconds_total"], found["process_resident_memory_bytes"])


class ServerMonitor:
    """Adds up the CPU time of a server across restarts, which reset the counter to 0."""

    def __init__(self) -> None:
        self._last: Sample | None = None
        self.total: float | None = None
        """CPU seconds since the first sample; None: no sample yet."""
        self.shares: list[float] = []
        self.memory: list[float] = []

    def add(self, found: Sample | None, *, plot: bool = True) -> None:
        if found is None:
            return
        if self._last is None:
            self.total = 0.0
        else:
            used = found.cpu_seconds - self._last.cpu_seconds
            used = found.cpu_seconds if used < 0 else used
            self.total = (self.total or 0.0) + used
            if plot and found.at > self._last.at:
                self.shares.append(used / (found.at - self._last.at))
        if plot:
            self.memory.append(found.resident_bytes)
        self._last = found


@dataclass(slots=True)
class Progress:
    """One second of a run. Combined over processes by `combined_progress`."""

    connected: int
    per_second: float
    p99: float | None
    """Milliseconds, of the deliveries of this second."""
    server: float | None
    wrong: int

    def line(self) -> str:
        parts = [f"{self.connected:,} connected", f"{self.per_second:,.0f} delivered/s"]
        if self.p99 is not None:
            parts.append(f"p99 {self.p99:.1f} ms")
        if self.server is not None:
            parts.append(f"server {self.server:.0%} of a core")
        if self.wrong:
            parts.append(f"WRONG {self.wrong} times")
        return ", ".join(parts)


def combined_progress(progress: list[Progress]) -> Progress:
    """The progress of several processes in the same second."""
    p99 = [one.p99 for one in progress if one.p99 is not None]
    server = [one.server for one in progress if one.server is not None]
    return Progress(
        sum(one.connected for one in progress),
        sum(one.per_second for one in progress),
        max(p99, default=None),
        server[0] if server else None,
        sum(one.wrong for one in progress),
    )
