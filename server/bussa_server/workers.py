"""Several processes on one port, each a node of its own (``--workers N``).

Each has a listening socket of its own on the same port (SO_REUSEPORT), so the kernel spreads connections evenly.
All sockets are bound here, before the processes are forked, and stay open here: a worker that dies takes no
connection along that still waited, and its successor finds them.
"""

import os
import select
import signal
import socket
import sys
import time
from types import FrameType

from bussa_server import telemetry, tuning
from bussa_server.serving import announce, listen, serve_on
from bussa_server.settings import BadSettingError, Settings

MIN_WORKER_SECONDS = 1.0
"""The least life of a worker before its successor is started at once; a shorter one is waited out."""


def serve(settings: Settings) -> int:
    """Serve with ``settings.workers`` processes until SIGTERM or SIGINT; returns the exit status.

    Raises:
        BadSettingError: the address can't be had, or the workers would share nothing.
    """
    if settings.redis_url is None or settings.database_url is None:
        raise BadSettingError(
            "--workers: several processes need --redis-url to ring each other and --database-url to share what they"
            " keep; without them one process serves all"
        )
    tuning.raise_file_limit()
    first = listen(settings, shared=True)
    port = first.getsockname()[1]
    listeners = [first, *(listen(settings, port=port, shared=True) for _ in range(settings.workers - 1))]
    return _Supervisor(settings, listeners).run()


class _Supervisor:
    def __init__(self, settings: Settings, listeners: list[socket.socket]) -> None:
        self._settings = settings
        self._listeners = listeners
        self._workers: dict[int, tuple[int, float]] = {}
        """Each process with its place, which is that of its listener, and when it was started."""
        self._ending = False

    def run(self) -> int:
        # Set before the first fork: a signal in between must not find the default handler.
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._end)
        ready_read, ready_write = os.pipe()
        for index in range(len(self._listeners)):
            self._start(index, ready_write)
        os.close(ready_write)
        if self._all_ready(ready_read):
            announce(self._listeners[0])
        elif not self._ending:
            self._end(signal.SIGTERM, None)
            self._await_all()
            return 1
        os.close(ready_read)
        return self._await_all()

    def _start(self, index: int, ready_write: int | None) -> None:
        pid = os.fork()
        if pid:
            self._workers[pid] = (index, time.monotonic())
            return
        status = 1
        try:
            telemetry.set_worker(str(index))
            status = _run_worker(self._listeners[index], self._settings, ready_write)
        finally:
            os._exit(status)  # never back into the supervisor's stack

    def _all_ready(self, ready_read: int) -> bool:
        """Each worker writes a byte when it accepts connections; the pipe ends when none is left to write."""
        heard = 0
        while heard < len(self._listeners) and not self._ending:
            if select.select([ready_read], [], [], 0.2)[0]:
                got = os.read(ready_read, 64)
                if not got:
                    return False
                heard += len(got)
            elif any(os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) for pid in self._workers):
                return False
        return heard == len(self._listeners)

    def _await_all(self) -> int:
        """Wait for the workers; whoever dies before its time is followed by another."""
        worst = 0
        while self._workers:
            pid, status = os.wait()
            index, started = self._workers.pop(pid)
            telemetry.remove_worker(str(index))
            code = os.waitstatus_to_exitcode(status)
            if self._ending:
                worst = worst or code
                continue
            telemetry.worker_died(pid, code)
            time.sleep(max(0.0, MIN_WORKER_SECONDS - (time.monotonic() - started)))
            if not self._ending:
                self._start(index, None)
        return worst

    def _end(self, signum: int, frame: FrameType | None) -> None:
        self._ending = True
        for pid in self._workers:
            os.kill(pid, signal.SIGTERM)


def _run_worker(listener: socket.socket, settings: Settings, ready_write: int | None) -> int:
    def on_ready() -> None:
        if ready_write is not None:
            os.write(ready_write, b".")
            os.close(ready_write)

    # What the supervisor does about signals is not the worker's business; its loop sets its own.
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, signal.SIG_DFL)
    try:
        serve_on(listener, settings, on_ready)
    except BadSettingError as error:
        print(f"bussa: {error}", file=sys.stderr)  # noqa: T201 - for whoever has started it
        return 2
    return 0
