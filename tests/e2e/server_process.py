"""The real server in its own process, and its host application."""

import base64
import hashlib
import hmac
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import httpx

ADMIN_KEY = "the host application's key"
SECRET = "a secret that the host application shares with the server"
TIMEOUT = 30.0
"""Seconds until a test gives up waiting."""

CLI = Path(sys.executable).with_name("bussa")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without ``BUSSA_…`` variables, plus ``more``."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BUSSA_")} | more


def run_cli(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a ``bussa`` command to its end."""
    return subprocess.run(
        [CLI, *arguments], env=clean_environment(**more), capture_output=True, text=True, timeout=TIMEOUT, check=False
    )


class Server:
    """``bussa serve`` on one port and data folder; it can be restarted. Its methods block."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.socket_url = f"ws://127.0.0.1:{self.port}/v1/socket"
        self._options = options
        self._log = folder.with_name(f"{folder.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_and_check()

    def start(self) -> None:
        """Start, and wait for the line that it prints when it is ready."""
        assert self._process is None
        arguments = ["serve", "--port", str(self.port), "--data", str(self.folder), "--admin-key", ADMIN_KEY]
        arguments += ["--secret", SECRET, *self._options]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [CLI, *arguments], env=clean_environment(), stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
        stdout = self._process.stdout
        assert stdout is not None
        readable, _, _ = select.select([stdout], [], [], TIMEOUT)
        line = stdout.readline().decode() if readable else "nothing"
        if self.url not in line:
            self.kill()
            raise AssertionError(f"the server printed {line!r}; its log:\n{self.log}")
        assert httpx.get(f"{self.url}/readyz").status_code == 200

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL: nothing is drained, nothing is finished."""
        assert self._process is not None
        self._process.kill()
        self._wait_for_exit()

    def stop(self) -> None:
        """SIGTERM: it drains and exits with status 0."""
        self.terminate()
        self.wait()

    def terminate(self) -> None:
        """Send SIGTERM only; `wait` waits for the exit."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def terminate_repeatedly(self) -> None:
        """Send SIGTERM repeatedly until it has exited, as an impatient supervisor would."""
        assert self._process is not None
        while self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            time.sleep(0.001)

    def wait(self) -> None:
        """Wait for the exit after SIGTERM, with status 0."""
        status = self._wait_for_exit()
        assert status == 0, f"exit status {status}; its log:\n{self.log}"

    def stop_and_check(self) -> None:
        """Stop it if it runs, and check that no run logged a defect."""
        if self._process is not None:
            self.stop()
        assert "Traceback" not in self.log, self.log
        assert "defect" not in self.log, self.log

    def _wait_for_exit(self) -> int:
        process, self._process = self._process, None
        assert process is not None
        assert process.stdout is not None
        try:
            return process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(TIMEOUT)
            raise AssertionError(f"the server did not exit; its log:\n{self.log}") from None
        finally:
            process.stdout.close()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""


class HostApp:
    """The host application: it creates users, follows and tokens with the admin key."""

    def __init__(self, server: Server) -> None:
        self.http = httpx.AsyncClient(
            base_url=server.url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=TIMEOUT
        )

    async def put_user(self, user: str, **settings: Any) -> str:
        """Create or update a user; returns the id."""
        answer = await self.http.put(f"/v1/users/{user}", json=settings)
        assert answer.status_code in (200, 201), answer.text
        return user

    async def follow(self, user: str, other: str) -> None:
        answer = await self.http.put(f"/v1/users/{user}/following/{other}")
        assert answer.status_code == 204, answer.text

    async def unfollow(self, user: str, other: str) -> None:
        answer = await self.http.delete(f"/v1/users/{user}/following/{other}")
        assert answer.status_code == 204, answer.text

    async def token(self, user: str, ttl: int | None = None) -> str:
        answer = await self.http.post(f"/v1/users/{user}/tokens", json={} if ttl is None else {"ttl": ttl})
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]

    async def close(self) -> None:
        await self.http.aclose()


def fd_table_size(pid: int) -> int:
    """How many files a process can open before the kernel has to grow its descriptor table (proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("FDSize:"))


def sign_token(user: str, *, seconds: float = 3600, secret: str = SECRET) -> str:
    """A token signed by the host application (RFC 7519, HS256)."""

    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    now = time.time()
    claims = {"sub": user, "iat": now, "exp": now + seconds}
    signed = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
    return (signed + b"." + part(hmac.digest(secret.encode(), signed, hashlib.sha256))).decode()
