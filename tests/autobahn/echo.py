"""An echo on our transport: what Autobahn's fuzzing client talks to.

RFC 6455 has neither our close code for a text that is not UTF-8 nor our limits. The code is the RFC's here; the limits
are the contract's (``contract``), or for the suite's section 9, which sends up to 16 MiB, lifted (``wide``).
"""

import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from uvicorn.server import Server
from websockets.frames import CloseCode

from bussa_protocol.limits import FRAME
from bussa_server.transport import EXTENSION
from bussa_server.transport.idle_connection import IdleConnection
from bussa_server.transport.websocket_protocol import ReceivedFrame, WebSocketProtocol

WIDE_FRAME_BYTES = 16 * 1024 * 1024
"""Bytes of the suite's largest message."""

LIMITS = {"contract": FRAME, "wide": WIDE_FRAME_BYTES}


class StrictRfc6455(WebSocketProtocol):
    """RFC 6455's own answer to a text that is not UTF-8."""

    __slots__ = ()

    def refuse_text(self) -> None:
        self.close(CloseCode.INVALID_DATA, "")


class Wide(StrictRfc6455):
    __slots__ = ()

    max_fragments = WIDE_FRAME_BYTES


class _Echo:
    """Sends each message back. Pauses reading while the peer does not read."""

    def __init__(self, socket: WebSocketProtocol) -> None:
        self._socket = socket
        socket.on_writable(socket.resume_reading)
        socket.on_frame(self._on_frame)

    def _on_frame(self, frame: ReceivedFrame) -> None:
        if frame is None:
            return
        binary = isinstance(frame, bytes)
        self._socket.set_frame_kind(binary=binary)
        if not self._socket.write([frame if binary else frame.encode()]):
            self._socket.pause_reading()


async def echo(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    _Echo(scope["extensions"][EXTENSION])


@contextlib.asynccontextmanager
async def serving(limits: str) -> AsyncIterator[int]:
    """Serve the echo. Yields its port."""
    config = uvicorn.Config(
        echo,
        http=IdleConnection,
        ws=Wide if limits == "wide" else StrictRfc6455,
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
