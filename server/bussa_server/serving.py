"""One process behind a listening socket: start, serve, drain, exit."""

import asyncio
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, cast

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.server import Server

from bussa_protocol.limits import FRAME
from bussa_server import telemetry, tuning
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


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Blocks.

    Raises:
        BadSettingError: the address is unavailable, or a setting is invalid.
    """
    tuning.raise_file_limit()
    listener = listen(settings)
    try:
        serve_on(listener, settings, lambda: announce(listener))
    finally:
        listener.close()


def serve_on(listener: socket.socket, settings: Settings, on_ready: Callable[[], None]) -> None:
    """Serve one node on a bound socket; ``on_ready`` is called once it accepts connections."""
    tuning.reserve_files()
    tuning.run(_serve(settings, listener, on_ready))


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


async def _serve(settings: Settings, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    # asyncio's own handler would log the error message, which may quote a message's text.
    asyncio.get_running_loop().set_exception_handler(telemetry.unhandled)
    node = await Node.open(settings)
    try:
        node.start()
        fair_queue.fair_queue_of(asyncio.get_running_loop()).busy = node.is_committing
        tuning.tune_interpreter()
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
            backlog=tuning.BACKLOG,
            timeout_graceful_shutdown=5,
        )
        super().__init__(config)
        if settings.trusted_proxies:
            # uvicorn's own parsing of the setting, including networks.
            proxies = ProxyHeadersMiddleware(cast(Any, node.app), list(settings.trusted_proxies))
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
