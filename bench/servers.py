"""The processes measured. Each is pinned to one core; its CPU time is the kernel's own account."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ADMIN = "bench"


@dataclass
class Server:
    port: int
    process: subprocess.Popen[str]

    def cpu_seconds(self) -> float:
        """User and system time of the process so far, all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        fields = Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def bussa(core: int) -> Iterator[Server]:
    """Bussa on SQLite, every batch on disk, without a limit to what one user may send."""
    folder = tempfile.mkdtemp(prefix="bussa-bench-")
    options = ["--port", "0", "--data", folder, "--admin-key", ADMIN, "--send-rate", "0", "--log-level", "warning"]
    try:
        with _started([sys.executable, "-m", "server", "serve", *options], core) as server:
            yield server
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def echo(core: int) -> Iterator[Server]:
    """The floor: a bare Starlette echo on uvicorn as released."""
    with _started([sys.executable, "-m", "bench.echo"], core) as server:
        yield server


@contextlib.contextmanager
def _started(command: list[str], core: int) -> Iterator[Server]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        os.sched_setaffinity(process.pid, {core})
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{command} did not start")
        yield Server(int(line.rsplit(":", 1)[1]), process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        finally:
            process.kill()
