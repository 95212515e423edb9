"""HTTP/1.1 by httptools, with an end to every patience.

uvicorn waits for ever for the first byte, for the last header, and for the last byte of a body; and keeps headers
of any size. Here a request has a deadline from its first moment, and its head a bound.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_SECONDS = 10.0
"""From the connection (or a request's first byte) to the request's last byte. A WebSocket's handshake included."""

HEAD_BYTES = 16 * 1024
"""Bytes of a request line and headers: what nginx and Apache take, twice over."""


LINGER_SECONDS = 1.0
"""How long a peer has to read why it was refused."""


class BoundedHttp(HttpToolsProtocol):
    _deadline: asyncio.TimerHandle | None = None
    _head: int = 0
    """Bytes of the head so far; -1 while no head is being read."""
    _refused: bool = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._head >= 0:
            self._start_deadline()
            self._head += len(data)
            if self._head > HEAD_BYTES and not self._ends_head(data):
                self._refuse_head()
                return
        super().data_received(data)

    def _ends_head(self, data: bytes) -> bool:
        # A large body may come along with a small head.
        end = data.find(b"\r\n\r\n")
        return 0 <= end <= HEAD_BYTES - (self._head - len(data))

    def _refuse_head(self) -> None:
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        )
        # What is still coming is read and dropped: a socket closed over unread bytes is reset, and its answer lost.
        self._refused = True
        self.transport.write_eof()
        self._stop_deadline()
        self._deadline = self.loop.call_later(LINGER_SECONDS, self._give_up)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = max(self._head, 0)
        self._start_deadline()

    def on_headers_complete(self) -> None:
        self._head = -1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._head = 0
        self._stop_deadline()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._stop_deadline()
        super().handle_websocket_upgrade()

    def timeout_keep_alive_handler(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()  # it does not read its answer either: a close would wait for it
        else:
            super().timeout_keep_alive_handler()

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self._give_up)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        self.transport.abort()
