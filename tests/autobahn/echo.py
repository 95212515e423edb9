"""An echo on our transport, both ways that it has: what Autobahn's fuzzing client talks to.

    direct    each message by a call, as `bussa_server.http.socket` takes them
    asgi      plain ASGI messages, as any other application does

RFC 6455 has neither our close code for a text that is not UTF-8 nor our limits. The code is the RFC's here; the limits
are the contract's (``CONTRACT``), or for the suite's section 9, which sends up to 16 MiB, lifted (``WIDE``).
"""

import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from uvicorn.server import Server
from websockets.frames import CloseCode
from websockets.frames import Frame as Parsed

from bussa_protocol.limits import FRAME
from bussa_server.transport import EXTENSION
from bussa_server.transport.bounded_websocket import BoundedWebSocket
from bussa_server.transport.idle_connection import IdleConnection
from bussa_server.transport.websocket_protocol import Frame, WebSocketProtocol

WIDE_FRAME_BYTES = 16 * 1024 * 1024
"""Bytes of the suite's largest message."""

MODES = ("direct", "asgi")
LIMITS = {"contract": FRAME, "wide": WIDE_FRAME_BYTES}


class _StrictRfc6455(BoundedWebSocket):
    """RFC 6455's own answer to bad text; with wide limits as many fragments as somebody likes."""

    def refuse_text(self) -> None:
        self.close(CloseCode.INVALID_DATA, "")

    def handle_cont(self, event: Parsed) -> None:
        if self.config.ws_max_size > FRAME:
            self._fragment_count = 0
        super().handle_cont(event)


class Direct(_StrictRfc6455, WebSocketProtocol):
    pass


class Asgi(_StrictRfc6455):
    pass


class _Echo:
    """Says each message again; reads no further while the peer does not read."""

    def __init__(self, direct: WebSocketProtocol) -> None:
        self._direct = direct
        direct.on_writable(lambda: direct.set_reading_paused(False))
        direct.on_frame(self._take)

    def _take(self, frame: Frame) -> None:
        if frame is None:
            return
        binary = isinstance(frame, bytes)
        self._direct.set_frame_kind(binary=binary)
        if not self._direct.write([frame if binary else frame.encode()]):
            self._direct.set_reading_paused(True)


async def echo_direct(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    _Echo(scope["extensions"][EXTENSION])


async def echo_asgi(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send(message | {"type": "websocket.send"})


@contextlib.asynccontextmanager
async def serving(way: str, limits: str) -> AsyncIterator[int]:
    """Serve one echo; yields its port."""
    app, ws = (echo_direct, Direct) if way == "direct" else (echo_asgi, Asgi)
    config = uvicorn.Config(
        app,
        http=IdleConnection,
        ws=ws,
        ws_max_size=LIMITS[limits],
        ws_per_message_deflate=False,
        log_config=None,
        lifespan="off",
        access_log=False,
    )
    config.load()
    server = Server(config)
    server.lifespan = config.lifespan_class(config)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    await server.startup(sockets=[listener])
    try:
        yield listener.getsockname()[1]
    finally:
        for listening in server.servers:
            listening.close()
        listener.close()
