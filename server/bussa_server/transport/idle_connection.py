"""A TCP connection before its first byte, as small as possible.

Anybody can open thousands of them, and browsers open some in advance. uvicorn's HTTP protocol allocates everything that
a request needs at once: 21 objects for the garbage collector to look at. Waiting takes seven.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from bussa_server.transport.http import REQUEST_SECONDS, BoundedHttp
from bussa_server.transport.tarpit import host_of, tarpit_of


class IdleConnection(asyncio.Protocol):
    """uvicorn's protocol for new connections (its option ``http``). The first byte makes it a `BoundedHttp`."""

    __slots__ = ("_app_state", "_config", "_deadline", "_due", "_early_data", "_server_state", "_transport")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config = config
        self._server_state = server_state
        self._app_state = app_state
        self._early_data: bytes | None = None
        """What was read while the tarpit still delays the connection; None if it does not."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] - a narrower type
        self._server_state.connections.add(self)  # type: ignore[arg-type] - one of uvicorn's three protocols
        self._transport = transport
        loop = asyncio.get_running_loop()
        wait = tarpit_of(self._server_state).delay(host_of(transport))
        if wait:
            self._early_data = b""
            loop.call_soon(self._pause)  # the loop starts reading only after this callback, and may read at once
            loop.call_later(wait, self._start_reading)
        self._due = loop.time() + wait + REQUEST_SECONDS
        self._deadline = loop.call_at(self._due, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._early_data is None:
            self._become_http(data)
        else:
            self._early_data += data

    def _become_http(self, data: bytes) -> None:
        self._leave()
        http = BoundedHttp(self._config, self._server_state, self._app_state)
        http.due = self._due
        self._transport.set_protocol(http)
        http.connection_made(self._transport)
        http.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def shutdown(self) -> None:
        """The process ends; uvicorn asks each of its connections."""
        self._transport.close()

    def _pause(self) -> None:
        # After a turn of the loop that was longer than the delay, `_start_reading` has been called already.
        if self._early_data is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def _start_reading(self) -> None:
        if self._transport.is_closing():
            return
        self._transport.resume_reading()
        data, self._early_data = self._early_data, None
        if data:
            self._become_http(data)

    def _leave(self) -> None:
        self._deadline.cancel()
        self._server_state.connections.discard(self)  # type: ignore[arg-type] - as above
