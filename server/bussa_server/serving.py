"""One process behind a listening socket: start, serve, drain, exit."""

import asyncio
import fcntl
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import cast

import uvicorn
import uvloop
from uvicorn._types import ASGI3Application
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.server import Server

from bussa_protocol.limits import FRAME
from bussa_server import telemetry
from bussa_server.app import Node
from bussa_server.settings import BadSettingError, Settings
from bussa_server.transport import fair_queue
from bussa_server.transport.idle_connection import IdleConnection
from bussa_server.transport.tarpit import tarpit_of
from bussa_server.transport.websocket_protocol import WebSocketProtocol

PING_SECONDS = 20.0
"""Interval of WebSocket pings: below the 30 to 60 s after which proxies and phone networks drop an idle connection."""

PONG_SECONDS = 40.0
"""Timeout of a pong. Longer than the slow-consumer limit (30 s), which has a close code of its own."""

BACKLOG = 4096
"""Listen backlog: after a restart all clients reconnect at once."""

RESERVED_FILES = 65_536
"""File descriptors for which the kernel's table has room from the start, at half a MiB. More can still be opened."""

SWITCH_SECONDS = 0.0005
"""The interpreter's thread switch interval: how long a thread waits for the GIL. The store's threads need the GIL after
every statement, and with the default 5 ms a busy event loop turns a commit of a few statements into tens of
milliseconds."""

GC_THRESHOLDS = (5_000, 1, 500)
"""Thresholds of Python's garbage collector: allocated containers per young collection, young collections per collection
of the middle generation, and those per full one. A message allocates about twenty containers and leaves none behind, so
with the default of 700 most collections (an eighth of all CPU time) found nothing. A collection stalls the event loop:
while thousands of clients connect, with 20,000 a young one took 5 to 10 ms, and a middle one, every ten, 16 to 22 ms.
With every other collection a middle one they take 3 % of the time, and 7 ms at most."""


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Blocks.

    Raises:
        BadSettingError: the address is unavailable, or a setting is invalid.
    """
    raise_file_limit()
    listener = listen(settings)
    try:
        serve_on(listener, settings, lambda: announce(listener))
    finally:
        listener.close()


def serve_on(listener: socket.socket, settings: Settings, on_ready: Callable[[], None]) -> None:
    """Serve one node on a bound socket; ``on_ready`` is called once it accepts connections."""
    _reserve_files()
    uvloop.run(_serve(settings, listener, on_ready))


def announce(listener: socket.socket) -> None:
    """Print the server's URL, for scripts that wait until it is ready."""
    host, port = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    telemetry.listening(url)
    print(f"Bussa listens on {url}", flush=True)  # noqa: T201 - the line that the contract promises


def listen(settings: Settings, *, port: int | None = None, shared: bool = False) -> socket.socket:
    """Bind the address. ``shared``: with SO_REUSEPORT, so that several sockets can be bound to it. The kernel then
    distributes connections evenly among them.

    Raises BadSettingError.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((settings.host, settings.port if port is None else port))
    except (OSError, OverflowError) as error:
        listener.close()
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise BadSettingError(
            f"can't listen on {settings.host} port {settings.port}: {why}; set another address with --host and --port"
        ) from error
    return listener


def raise_file_limit() -> None:
    """Raise the limit of open files: each connection is one, and the default limit is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 1_048_576
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _reserve_files() -> None:
    """Grow the kernel's file descriptor table now.

    It grows by doubling, and each time opening a file waits for an RCU grace period on all processors: 10 to 18 ms,
    four times on the way to 5,000 connections. Call it after forking: a fork shrinks the table to the open files.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open(os.devnull, "rb") as file:
        os.close(fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, min(limit, RESERVED_FILES) - 1))


async def _serve(settings: Settings, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    # asyncio's own handler would log the error message, which may quote a message's text.
    asyncio.get_running_loop().set_exception_handler(telemetry.unhandled)
    node = await Node.open(settings)
    try:
        node.start()
        sys.setswitchinterval(SWITCH_SECONDS)
        fair_queue.fair_queue_of(asyncio.get_running_loop()).busy = node.is_committing
        gc.collect()
        gc.freeze()  # exempt what lives forever: modules, types, routes
        gc.set_threshold(*GC_THRESHOLDS)
        await _DrainingServer(node, settings, on_ready).serve(sockets=[listener])
    finally:
        await node.close()


class _DrainingServer(Server):
    """uvicorn's server, extended to drain connections before it shuts down, and to exit with status 0."""

    def __init__(self, node: Node, settings: Settings, on_ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            node.app,
            http=IdleConnection,
            ws=WebSocketProtocol,
            ws_max_size=FRAME,
            ws_per_message_deflate=False,  # costs memory and CPU; messages are small
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PONG_SECONDS,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            server_header=False,
            access_log=False,
            log_config=None,
            lifespan="off",
            backlog=BACKLOG,
            timeout_graceful_shutdown=5,
        )
        super().__init__(config)
        if settings.trusted_proxies:
            # uvicorn's own parsing of the setting, including networks.
            proxies = ProxyHeadersMiddleware(cast(ASGI3Application, node.app), list(settings.trusted_proxies))
            tarpit_of(self.server_state).exempt = proxies.trusted_hosts.__contains__
        self._node = node
        self._drain_seconds = settings.drain_seconds
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        telemetry.drain_started(self._node.sockets.count)
        for server in self.servers:
            server.close()
        await self._node.drain(self._drain_seconds)
        await super().shutdown(sockets)
        telemetry.drained(loop.time() - started)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # uvicorn's own version raises the signal again at the end, and the exit status would not be 0.
        with termination_signals(self.handle_exit):
            yield


@contextmanager
def termination_signals(on_signal: Callable[[int, FrameType | None], None]) -> Generator[None, None, None]:
    """Inside, SIGTERM and SIGINT call ``on_signal`` in the running loop; afterwards a further SIGTERM is ignored.

    The cleanup that remains is short and must complete; a second signal must not change the exit status.
    """
    loop = asyncio.get_running_loop()

    def handler(signum: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(on_signal, signum, frame)

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, handler)
    try:
        yield
    finally:
        # Switch in one step. The loop's own handlers would restore the default, which kills the process, and blocking a
        # signal meanwhile would block it for this thread only.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.default_int_handler)
