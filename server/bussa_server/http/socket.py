"""``GET /v1/socket``: the WebSocket endpoint (contract, *WebSocket*). Accepts handshakes and drains connections."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from starlette.routing import BaseRoute, WebSocketRoute

from bussa_protocol import codec, version
from bussa_protocol.codes import CloseReason
from bussa_server import telemetry
from bussa_server.domain.phase import Phase
from bussa_server.lib.address import rate_limit_key
from bussa_server.node.services import Services
from bussa_server.ports.socket import Socket
from bussa_server.session.connection import Connection
from bussa_server.transport import EXTENSION

Scope = dict[str, Any]
Message = dict[str, Any]


class ExtensionSocket(Socket, Protocol):
    """The socket that the transport provides in the scope's extensions."""

    def set_frame_kind(self, *, binary: bool) -> None:
        """Set whether `write` sends binary or text frames."""
        ...


class SocketEndpoint:
    """Accepts sockets, creates a connection for each, and keeps track of them to close them on a restart."""

    def __init__(self, services: Services, allowed_origins: Sequence[str]) -> None:
        self._services = services
        self._origins = frozenset(origin.lower().rstrip("/") for origin in allowed_origins)
        self._open: set[Connection] = set()
        self.draining = False

    def route(self) -> BaseRoute:
        # An instance and not a function: Starlette passes it the bare ASGI callables, without a wrapper around each
        # frame. Its annotation allows functions only.
        return WebSocketRoute("/v1/socket", self)  # pyright: ignore[reportArgumentType] - see above

    async def __call__(
        self,
        scope: Scope,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        headers = _headers(scope)
        await receive()  # websocket.connect
        if self.draining:
            await _deny(send, 503, "server restarting")
            return
        if not self._same_origin(headers):
            await _deny(send, 403, "origin not allowed")
            return
        try:
            chosen = version.choose(scope["subprotocols"])
        except version.NoCommonSubprotocolError as error:
            await _deny(send, 400, str(error))
            return
        await send({"type": "websocket.accept", "subprotocol": chosen})
        self._serve(scope, headers, codec.by_subprotocol(chosen))

    def _serve(self, scope: Scope, headers: dict[str, str], chosen: codec.Codec) -> None:
        """Take the socket over. It calls back from now on; the coroutine returns and frees itself and the scope."""
        socket: ExtensionSocket = scope["extensions"][EXTENSION]
        socket.set_frame_kind(binary=chosen.binary)
        address = rate_limit_key(scope["client"][0] if scope.get("client") else "")
        connection = Connection(self._services, chosen, socket, address, _bearer(headers))
        telemetry.connection_opened(chosen.name)
        self._open.add(connection)
        connection.begin(self._on_end)

    def _on_end(self, connection: Connection) -> None:
        self._open.discard(connection)
        server_code = connection.server_close_code
        telemetry.connection_closed(server_code or connection.close_code, "server" if server_code else "client")

    def _same_origin(self, headers: dict[str, str]) -> bool:
        """Whether the origin is allowed. Browsers send the page's origin, other clients none (RFC 6455, 10.2)."""
        origin = headers.get("origin")
        if origin is None or "*" in self._origins:
            return True
        return origin.lower() in self._origins or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()

    @property
    def count(self) -> int:
        """The number of open connections."""
        return len(self._open)

    async def drain(self, seconds: float) -> None:
        """Close every connection with 1012, each after its writes are answered, spread over ``seconds``.

        With fewer connections the spread is shorter, a millisecond each: its purpose is to spread out the reconnects.
        """
        self.draining = True
        connections = list(self._open)
        pause = min(seconds, len(connections) / 1000) / max(1, len(connections))
        loop = asyncio.get_running_loop()
        started = loop.time()
        closing: list[asyncio.Task[None]] = []
        for index, connection in enumerate(connections):
            if (ahead := started + index * pause - loop.time()) > 0:
                await asyncio.sleep(ahead)
            # Concurrently: each close may wait for a commit, and a slow disk must not add up over connections.
            closing.append(loop.create_task(_close_for_restart(connection)))
        await asyncio.gather(*closing)


async def _close_for_restart(connection: Connection) -> None:
    if connection.phase is Phase.OPEN:
        await connection.finish_writes()
    connection.end(CloseReason.RESTART)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _bearer(headers: dict[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def _deny(send: Callable[[Any], Awaitable[None]], status: int, reason: str) -> None:
    """Refuse the handshake with a status of its own (ASGI extension *WebSocket Denial Response*)."""
    telemetry.handshake_refused(status, reason)
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": reason.encode()})
