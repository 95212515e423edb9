"""The socket over plain ASGI, where the server behind it does not behave."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bussa_server.http.socket import SocketEndpoint
from bussa_server.transport.asgi_socket import AsgiSocket
from tests.session.harness import Node

SCOPE: dict[str, Any] = {"type": "websocket", "headers": [], "subprotocols": ["bussa.v1.json"], "client": ("::1", 1)}


class ScriptedServer:
    """One socket of a server that is played by hand."""

    def __init__(self, after: Callable[[], Awaitable[Any]]) -> None:
        self.node = Node()
        self.endpoint = SocketEndpoint(self.node.services, [])
        self.accepted = asyncio.Event()
        self._after = after
        self.task = asyncio.create_task(self.endpoint(SCOPE, self._receive, self._send))

    async def _receive(self) -> Any:
        if not self.accepted.is_set():
            return {"type": "websocket.connect"}
        return await self._after()

    async def _send(self, message: Any) -> None:
        if message["type"] == "websocket.accept":
            self.accepted.set()

    async def wait_ended(self) -> None:
        """Wait until nothing is left of it."""
        async with asyncio.timeout(5):
            while self.endpoint.count or not self.node.is_empty:  # noqa: ASYNC110 - nobody says when
                await asyncio.sleep(0.001)


async def _never() -> Any:
    await asyncio.Event().wait()


async def _broken() -> Any:
    raise OSError("the server has lost it")


async def test_cancelled_socket_leaves_nothing() -> None:
    before = asyncio.all_tasks()
    played = ScriptedServer(_never)
    await played.accepted.wait()
    while not played.endpoint.count:  # noqa: ASYNC110 - nobody says when
        await asyncio.sleep(0)
    played.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await played.task
    await played.wait_ended()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_failing_receive_ends_the_connection() -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    played = ScriptedServer(_broken)
    async with asyncio.timeout(5):
        await played.task
    await played.wait_ended()


@pytest.mark.parametrize("said", [True, False])
async def test_socket_knows_whether_a_message_has_come(said: bool) -> None:
    taken = asyncio.Event()

    async def receive() -> Any:
        if said and not taken.is_set():
            return {"type": "websocket.receive", "text": "hello"}
        return await _never()

    async def send(_message: Any) -> None: ...

    socket = AsgiSocket(receive, send, binary=False)
    socket.on_frame(lambda _frame: taken.set())
    if said:
        await taken.wait()
    missed: list[str] = []
    socket.on_hello_timeout(lambda: missed.append("no message"))
    assert missed == ([] if said else ["no message"])
    socket.abort()
    await socket.finish(1)
