"""Several worker processes on one port, each a node of its own (``--workers N``).

Each worker has a listening socket of its own on the same port (SO_REUSEPORT), so the kernel distributes connections
evenly. The supervisor binds all sockets before forking and keeps them open: when a worker dies, connections in its
backlog are not lost, and its replacement accepts them.
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
"""A worker that dies sooner is replaced only after this time; an older one at once."""


def serve(settings: Settings) -> int:
    """Serve with ``settings.workers`` processes until SIGTERM or SIGINT; returns the exit status.

    Raises:
        BadSettingError: the address is unavailable, or --database-url or --redis-url is missing.
    """
    if settings.redis_url is None or settings.database_url is None:
        raise BadSettingError("--workers: several workers need --database-url and --redis-url")
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
        """Process id → index of its listener, start time."""
        self._ending = False

    def run(self) -> int:
        # Before the first fork: a signal in between must not meet the default handler.
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
            os._exit(status)  # never return into the supervisor's stack

    def _all_ready(self, ready_read: int) -> bool:
        """Wait until every worker is ready. False: one died, or the server is terminating.

        Each worker writes a byte when it accepts connections; the pipe ends when no worker is left.
        """
        ready = 0
        while ready < len(self._listeners) and not self._ending:
            if select.select([ready_read], [], [], 0.2)[0]:
                received = os.read(ready_read, 64)
                if not received:
                    return False
                ready += len(received)
            elif any(os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) for pid in self._workers):
                return False
        return ready == len(self._listeners)

    def _await_all(self) -> int:
        """Wait for all workers, and replace those that die. Returns the first exit status that is not 0."""
        exit_status = 0
        while self._workers:
            pid, status = os.wait()
            index, started = self._workers.pop(pid)
            telemetry.remove_worker(str(index))
            code = os.waitstatus_to_exitcode(status)
            if self._ending:
                exit_status = exit_status or code
                continue
            telemetry.worker_died(pid, code)
            time.sleep(max(0.0, MIN_WORKER_SECONDS - (time.monotonic() - started)))
            if not self._ending:
                self._start(index, None)
        return exit_status

    def _end(self, signum: int, frame: FrameType | None) -> None:
        self._ending = True
        for pid in self._workers:
            os.kill(pid, signal.SIGTERM)


def _run_worker(listener: socket.socket, settings: Settings, ready_write: int | None) -> int:
    def on_ready() -> None:
        if ready_write is not None:
            os.write(ready_write, b".")
            os.close(ready_write)

    # Reset the supervisor's signal handlers; the worker's loop sets its own.
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, signal.SIG_DFL)
    try:
        serve_on(listener, settings, on_ready)
    except BadSettingError as error:
        print(f"bussa: {error}", file=sys.stderr)  # noqa: T201 - for the operator at the terminal
        return 2
    return 0
