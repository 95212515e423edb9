"""The measured processes. CPU time is the kernel's account of a process with its threads and children."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ADMIN = "bench"
SECRET = "a secret of at least 32 bytes, for the bench"
START_SECONDS = 30


@dataclass
class Server:
    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pid)

    def resident_bytes(self) -> int:
        fields = Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of its children so far, including children that have ended."""
    total = 0.0
    for process in (pid, *children(pid)):
        with contextlib.suppress(OSError):  # it may have ended meanwhile
            # clock_getcpuclockid(3) has nanoseconds; /proc counts hundredths of a second.
            total += time.clock_gettime((~process << 3) | 2)
            total += sum(int(field) for field in _stat(process)[13:15]) / os.sysconf("SC_CLK_TCK")
    return total


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def parent(pid: int) -> int:
    return int(_stat(pid)[1])


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; the second, the name, may contain spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="bussa-bench-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def bussa(core: int | None, data: Path | None = None, *more: str) -> Iterator[Server]:
    """Bussa on SQLite, every batch fsynced, without a send rate limit."""
    options = ["--admin-key", ADMIN, "--secret", SECRET, "--send-rate", "0", "--log-level", "warning", *more]
    with folder() as made:
        where = ["--port", "0", "--data", str(data or made)]
        with _started([sys.executable, "-m", "bussa", "serve", *where, *options], core) as server:
            yield server


@contextlib.contextmanager
def echo(core: int | None) -> Iterator[Server]:
    """The floor: a bare Starlette echo on an unmodified uvicorn."""
    with _started([sys.executable, "-m", "bench.echo"], core) as server:
        yield server


@contextlib.contextmanager
def _started(command: list[str], core: int | None) -> Iterator[Server]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{command} did not start")
        yield Server(int(line.rsplit(":", 1)[1]), process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(START_SECONDS)
        finally:
            process.kill()
            assert process.stdout is not None
            process.stdout.close()
