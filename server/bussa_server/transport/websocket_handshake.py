"""The WebSocket opening handshake (RFC 6455, section 4.2) as an ASGI conversation.

websockets reads the request and computes the answer; the application accepts or refuses. ASGI ends here: the
application finds the socket itself in the scope's extensions, and takes it over with `on_frame`.
"""

import asyncio
import email.utils
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from bussa_server.transport import EXTENSION
from bussa_server.transport.frame_parser import QUIET, release_parser


class ClientDisconnected(OSError):  # noqa: N818 - the name that ASGI servers use
    """ASGI 2.4: ``send`` raises an OSError once the client is gone."""


class Handshake:
    """From the first byte of the request to the answer. Released afterwards: it is most of a connection's memory.

    Owned by a `WebSocketProtocol`, and refers to it only while the application runs.
    """

    transport: asyncio.Transport

    __slots__ = (
        "_app_state",
        "_config",
        "_denial",
        "_disconnected",
        "_on_accept",
        "_protocol",
        "_request",
        "_response",
        "_server_state",
        "_told_connect",
        "accepted",
        "answered",
        "transport",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        on_accept: Callable[[], None],
    ) -> None:
        """``on_accept`` is called after the answer 101 has been written."""
        self._config = config
        self._server_state = server_state
        self._app_state = app_state
        self._on_accept = on_accept
        self._protocol = ServerProtocol(logger=QUIET)
        self._request: Request | None = None
        self._response: Response | None = None
        """The answer 101, until the application decides."""
        self._denial: tuple[int, list[tuple[str, str]]] | None = None
        self._told_connect = False
        self._disconnected: asyncio.Future[None] | None = None
        self.answered = self.accepted = False

    @property
    def requested(self) -> bool:
        """Whether the request is complete and valid, so that the application can decide."""
        return self._response is not None

    def feed(self, data: bytes) -> None:
        """Take a part of the request. An invalid one is `answered` at once."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                response = self._protocol.accept(event)
                if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
                    self._request, self._response = event, response
                else:
                    self._answer(response)
        if self._protocol.handshake_exc is not None and not self.answered:
            self.answered = True
            self._write()  # the parser has written the answer itself

    async def run(self, socket: object) -> None:
        """Have the application decide. Its failure is reported, and answered with 500.

        ``socket`` is what the application finds in the scope's extensions.
        """
        try:
            app = cast(Any, self._config.loaded_app)  # pyright: ignore[reportUnknownMemberType] - uvicorn's own types
            await app(self._scope(socket), self._receive, self._send)
        except ClientDisconnected:
            pass
        finally:
            self.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)

    def refuse(self, status: HTTPStatus) -> None:
        """Answer with ``status``, unless there is an answer already."""
        if not self.answered and self._denial is None:
            self._answer(self._protocol.reject(status, "" if status == HTTPStatus.FORBIDDEN else status.phrase))

    def disconnect(self) -> None:
        """The client is gone."""
        self.answered = True
        if self._disconnected is not None and not self._disconnected.done():
            self._disconnected.set_result(None)

    def release(self) -> None:
        """Break reference cycles here; otherwise they live until the next full collection, which stalls the loop."""
        release_parser(self._protocol)
        self._on_accept = _ignore

    # ASGI.

    def _scope(self, socket: object) -> dict[str, Any]:
        assert self._request is not None
        transport, root_path = self.transport, self._config.root_path
        raw_path, _, query = self._request.path.partition("?")
        offered = self._request.headers.get_all("Sec-WebSocket-Protocol")
        return {
            "type": "websocket",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if transport.get_extra_info("sslcontext") else "ws",
            "server": _address(transport.get_extra_info("sockname")),
            "client": _address(transport.get_extra_info("peername")),
            "root_path": root_path,
            "path": root_path + unquote(raw_path),
            "raw_path": (root_path + raw_path).encode("ascii"),
            "query_string": query.encode("ascii"),
            "headers": [(name.encode("ascii"), _raw(value)) for name, value in self._request.headers.raw_items()],
            "subprotocols": [token.strip() for header in offered for token in header.split(",")],
            "state": self._app_state.copy(),
            "extensions": {"websocket.http.response": {}, EXTENSION: socket},
        }

    async def _receive(self) -> dict[str, Any]:
        if not self._told_connect:
            self._told_connect = True
            return {"type": "websocket.connect"}
        if not self.answered:
            self._disconnected = asyncio.get_running_loop().create_future()
            await self._disconnected
        return {"type": "websocket.disconnect", "code": 1006}

    async def _send(self, message: Any) -> None:
        kind = message["type"]
        if self.transport.is_closing():
            raise ClientDisconnected
        if self.answered:
            raise RuntimeError(f"{kind} after the handshake: use the socket in the scope's extensions")
        if self._denial is None:
            self._send_first(kind, message)
        elif kind == "websocket.http.response.body":
            self._send_body(*self._denial, message.get("body", b""))
        else:
            raise RuntimeError(f"expected websocket.http.response.body, not {kind}")

    def _send_first(self, kind: str, message: Any) -> None:
        if kind == "websocket.accept":
            self._accept(message)
        elif kind == "websocket.close":
            self.refuse(HTTPStatus.FORBIDDEN)
        elif kind == "websocket.http.response.start":
            self._denial = (message["status"], [_decoded(header) for header in message.get("headers", [])])
        else:
            raise RuntimeError(f"{kind} before the handshake is answered")

    def _accept(self, message: Any) -> None:
        assert self._response is not None
        headers = self._response.headers
        del headers["Date"]  # uvicorn's is among the default ones
        headers.update(map(_decoded, [*self._server_state.default_headers, *message.get("headers", [])]))
        if subprotocol := message.get("subprotocol"):
            headers["Sec-WebSocket-Protocol"] = subprotocol
        self._answer(self._response)
        self.accepted = True
        self._on_accept()

    def _send_body(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        complete = Headers(headers)
        complete.setdefault("Date", email.utils.formatdate(usegmt=True))
        complete.setdefault("Connection", "close")
        complete.setdefault("Content-Length", str(len(body)))
        complete.setdefault("Content-Type", "text/plain; charset=utf-8")
        self._answer(Response(status, HTTPStatus(status).phrase, complete, body))

    def _answer(self, response: Response) -> None:
        self.answered = True
        self._protocol.send_response(response)
        self._write()

    def _write(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"".join(self._protocol.data_to_send()))


def _ignore() -> None:
    """After the handshake."""


def _decoded(header: tuple[bytes, bytes]) -> tuple[str, str]:
    return header[0].decode("latin-1"), header[1].decode("latin-1")


def _raw(value: str) -> bytes:
    return value.encode("latin-1", "surrogateescape")  # websockets 16 decodes as ASCII with surrogates, 17 as Latin-1


def _address(name: Any) -> tuple[str, int | None] | None:
    """Host and port. A socket in the file system has a path, and its client nothing."""
    if isinstance(name, tuple):
        return str(name[0]), int(name[1])  # pyright: ignore[reportUnknownArgumentType] - of a text and a port
    return (name, None) if name else None
