"""A connection that has not said a word: next to nothing, until it does.

Anybody at all can open thousands of them, and a browser opens one in advance. uvicorn makes of each at once all that a
request will need: twenty-one objects that the garbage collector looks at, where it takes seven to wait.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from bussa_server.transport.http import REQUEST_SECONDS, BoundedHttp
from bussa_server.transport.tarpit import host_of, tarpit_of


class IdleConnection(asyncio.Protocol):
    """uvicorn's protocol of a new connection. With its first byte it becomes a `BoundedHttp`."""

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
        """What was read of one that is not listened to yet."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] - a narrower type
        self._server_state.connections.add(self)  # type: ignore[arg-type] - one of uvicorn's three protocols
        self._transport = transport
        loop = asyncio.get_running_loop()
        wait = tarpit_of(self._server_state).delay(host_of(transport))
        if wait:
            self._early_data = b""
            loop.call_soon(self._pause)  # only after this call a loop begins to read, and it may read at once
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
        # Where a turn of the loop took longer than the wait, the timer may have come first.
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
