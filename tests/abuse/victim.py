"""The real server in its own process, and what can be observed from outside."""

import asyncio
import contextlib
import os
import resource
import select
import signal
import subprocess
import sys
from pathlib import Path

import httpx

ADMIN_KEY = "the host application's key"
TIMEOUT = 30.0
MIB = 1024 * 1024
NO_KEEPALIVE = httpx.Limits(max_keepalive_connections=0)
"""One connection per call: a kept one may be closed by either side at any moment."""


def raise_fd_limit() -> None:
    """Allow this process five thousand connections; the server raises its own limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Target:
    """A server, as seen with the admin key."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.port = int(url.rsplit(":", 1)[1])
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {ADMIN_KEY}"},
            timeout=TIMEOUT,
            trust_env=False,
            limits=NO_KEEPALIVE,
        )

    def create_users(self, *users: str) -> list[str]:
        """Create users who accept messages of anyone; returns their tokens."""
        tokens: list[str] = []
        for user in users:
            assert self._http.put(f"/v1/users/{user}", json={"dm_policy": "anyone"}).is_success
            tokens.append(self._http.post(f"/v1/users/{user}/tokens", json={}).json()["token"])
        return tokens

    def ready(self) -> bool:
        return self._http.get("/readyz").status_code == 200

    def metric(self, name: str) -> float:
        """A metric, summed over its labels."""
        lines = self._http.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


class Victim(Target):
    """A server process of the test."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._log = folder.with_name(f"{folder.name}.log")
        with self._log.open("wb") as log:
            arguments = ["serve", "--port", "0", "--data", str(folder), "--admin-key", ADMIN_KEY, *options]
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bussa", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                env={name: value for name, value in os.environ.items() if not name.startswith("BUSSA_")},
            )
        stdout = self.process.stdout
        assert stdout is not None
        readable, _, _ = select.select([stdout], [], [], TIMEOUT)
        line = stdout.readline().decode() if readable else "nothing"
        if "http://" not in line:
            self.process.kill()
            self.process.wait()
            stdout.close()
            raise AssertionError(f"the server printed {line!r}; its log:\n{self.log}")
        super().__init__(line.split()[-1])

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def resident_bytes(self) -> int:
        """Resident memory in bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def open_sockets(self) -> int:
        """The number of open sockets."""
        found = 0
        for file in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found += os.readlink(file).startswith("socket:")
        return found

    async def wait_connections_closed(self, sockets: int) -> None:
        """Wait until no connection is left and at most ``sockets`` sockets are open."""
        async with asyncio.timeout(45):
            while await asyncio.to_thread(self.metric, "bussa_connections") or self.open_sockets > sockets:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)

    def assert_healthy(self) -> None:
        """Check that it runs, is ready, and has met no defect."""
        assert self.process.poll() is None, self.log
        assert self.ready()
        assert self.metric("bussa_defects_total") == 0, self.log
        assert "Traceback" not in self.log, self.log

    def stop(self, seconds: float = TIMEOUT) -> int:
        self._http.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
