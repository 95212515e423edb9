"""The socket endpoint behind uvicorn and our transport, on a free port."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.server import Server

from bussa_protocol.limits import FRAME
from bussa_server.http.socket import SocketEndpoint
from bussa_server.session.receive_queue import ReceiveQueue
from bussa_server.transport.idle_connection import IdleConnection
from bussa_server.transport.websocket_protocol import WebSocketProtocol
from tests.session.harness import Node
from tests.transport.peer import SECONDS, Peer


class RunningServer:
    def __init__(self, node: Node, endpoint: SocketEndpoint, uvicorn_server: Server, port: int) -> None:
        self.node = node
        self.endpoint = endpoint
        self.uvicorn = uvicorn_server
        self.port = port

    @property
    def connections(self) -> int:
        """TCP connections that the server still knows."""
        return len(self.uvicorn.server_state.connections)

    @property
    def socket(self) -> WebSocketProtocol:
        """The server's side of the only connection."""
        [socket] = self.uvicorn.server_state.connections
        assert isinstance(socket, WebSocketProtocol)
        return socket

    async def greet(self, device: Peer, token: str = "alice") -> WebSocketProtocol:
        await device.greet(token)
        return self.socket

    async def wait_connected(self) -> None:
        """Wait until the server knows of a connection."""
        async with asyncio.timeout(SECONDS):
            while not self.connections:  # noqa: ASYNC110 - nothing signals it
                await asyncio.sleep(0.001)

    async def wait_disconnected(self) -> None:
        """Wait until nothing is left of any connection."""
        state = self.uvicorn.server_state
        async with asyncio.timeout(20):
            while state.connections or state.tasks or self.endpoint.count or not self.node.is_empty:  # noqa: ASYNC110 - nothing signals it
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def serving(*, node: Node | None = None, **config: Any) -> AsyncIterator[RunningServer]:
    """Run a server. In the end no connection and no task may be left, and no callback may have raised."""
    node = node or Node()
    endpoint = SocketEndpoint(node.services, ["https://pages.example"])
    posts = [Route("/echo", _echo, methods=["POST"]), Route("/refuse", _refuse, methods=["POST"])]
    app = Starlette(routes=[endpoint.route(), *posts, Route("/big", _big), Route("/late", _late)])
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    settings: dict[str, Any] = {
        "http": IdleConnection,
        "ws": WebSocketProtocol,
        "ws_max_size": FRAME,
        "ws_per_message_deflate": False,
        "log_config": None,
        "lifespan": "off",
        "access_log": False,
    }
    server = Server(uvicorn.Config(app, **settings | config))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    before = asyncio.all_tasks()
    raised: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: raised.append(context))
    await server.startup(sockets=[listener])
    running = RunningServer(node, endpoint, server, listener.getsockname()[1])
    try:
        yield running
        await running.wait_disconnected()
        left = asyncio.all_tasks() - before - {asyncio.current_task()}
        assert not left, left
        assert raised == []
    finally:
        for listening in server.servers:
            listening.close()
        listener.close()


async def _echo(request: Request) -> Response:
    return PlainTextResponse(await request.body())


async def _big(request: Request) -> Response:
    return PlainTextResponse(bytes(int(request.query_params.get("bytes", "1000000"))))


async def _late(request: Request) -> Response:
    await asyncio.sleep(0.05)
    return PlainTextResponse("late")


async def _refuse(request: Request) -> Response:
    return PlainTextResponse("too large", 413, headers={"Connection": "close"})


def receive_queue_of(socket: WebSocketProtocol) -> ReceiveQueue:
    queue = getattr(socket._on_frame, "__self__", None)
    assert isinstance(queue, ReceiveQueue)
    return queue
