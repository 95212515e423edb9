"""A server on a real socket that misbehaves by a script: one step per connection.

When the steps run out, further connections are served normally. A step may refuse the upgrade, leave requests without a
reply, break the connection before or after a commit, close with any code, or cut a replay short.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from bussa_protocol.codec import MSGPACK
from bussa_protocol.frames import events, replies, requests
from bussa_protocol.version import KNOWN
from tests.client.model_server import ModelServer

RequestPredicate = Callable[[requests.Request], bool]


def any_send(request: requests.Request) -> bool:
    return isinstance(request, requests.SendRequest)


@dataclass
class Step:
    """The behaviour towards one connection; by default it is served normally."""

    http: int | None = None
    """Refuse the upgrade with this status."""
    text_frames: bool = False
    garbage: bool = False
    no_welcome: bool = False
    close_at_hello: int | None = None
    close_after_welcome: int | None = None
    replay_only: int | None = None
    """Break after so many events of the replay."""
    break_before: RequestPredicate | None = None
    """Break on this request, before executing it."""
    break_after: RequestPredicate | None = None
    """Break on this request, after executing it and before the reply."""
    close_with: int | None = None
    """The close code of the two above; None: abort the transport."""
    answers: list[Callable[[requests.RequestWithId], Any]] = field(default_factory=list)
    """Replies to the first requests, which are not executed."""
    no_reply_to: RequestPredicate | None = None
    """Execute this request and never reply."""


class ScriptedServer:
    """Serves one user's devices."""

    def __init__(self, steps: list[Step] | None = None, model: ModelServer | None = None) -> None:
        self.model = model or ModelServer()
        self.steps = list(steps or [])
        self.hellos: list[requests.HelloRequest] = []
        self.received: list[requests.Request] = []
        self.connections = 0
        self.changed = asyncio.Condition()
        self._server: Server | None = None
        self._devices: set[ServerConnection] = set()

    async def __aenter__(self) -> "ScriptedServer":
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            0,
            subprotocols=list(KNOWN),
            compression=None,
            process_request=self._process_handshake,
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def wait_until(self, done: Callable[["ScriptedServer"], bool]) -> None:
        """Wait until ``done(self)`` is true."""
        async with self.changed:
            await self.changed.wait_for(lambda: done(self))

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    # ---- called by tests

    async def push(self, event: Any, *, times: int = 1) -> None:
        """Send an event to every connected device."""
        for device in list(self._devices):
            for _ in range(times):
                await device.send(MSGPACK.encode(event))

    async def bob_writes(self, text: str = "ciao", *, lost: bool = False, times: int = 1) -> events.MessageEvent:
        event = self.model.write("bob", "bob", text)
        if not lost:
            await self.push(event, times=times)
        return event

    async def close_all(self, code: int) -> None:
        for device in list(self._devices):
            await device.close(code)

    def drop_all(self) -> None:
        """Abort every connection, without a close frame."""
        for device in list(self._devices):
            device.transport.abort()

    # ---- a connection

    async def _process_handshake(self, _: ServerConnection, request: Request) -> Response | None:
        assert request.path == "/v1/socket"
        assert "permessage-deflate" not in request.headers.get("Sec-WebSocket-Extensions", "")
        if self.steps and self.steps[0].http is not None:
            status = HTTPStatus(self.steps.pop(0).http or 0)
            self.connections += 1
            await self._notify()
            return Response(status, status.phrase, Headers({"Content-Length": "0", "Connection": "close"}))
        return None

    async def _serve(self, socket: ServerConnection) -> None:
        step = self.steps.pop(0) if self.steps else Step()
        self.connections += 1
        try:
            await self._run_step(socket, step)
        except ConnectionClosed:
            return
        finally:
            self._devices.discard(socket)
            await self._notify()

    async def _run_step(self, socket: ServerConnection, step: Step) -> None:
        hello = MSGPACK.decode(_bytes(await socket.recv()))
        assert isinstance(hello, requests.HelloRequest)
        self.hellos.append(hello)
        await self._notify()
        if step.close_at_hello is not None:
            return await socket.close(step.close_at_hello)
        if step.garbage:
            return await socket.send(b"\xc1")
        if step.text_frames:
            return await socket.send("{}")
        if step.no_welcome:
            return await socket.wait_closed()
        welcome, replay = self.model.welcome(hello)
        self._devices.add(socket)
        await socket.send(MSGPACK.encode(welcome))
        if step.close_after_welcome is not None:
            return await socket.close(step.close_after_welcome)
        for event in replay[: step.replay_only]:
            await socket.send(MSGPACK.encode(event))
        if step.replay_only is not None:
            return socket.transport.abort()
        async for data in socket:
            if await self._request(socket, step, MSGPACK.decode(_bytes(data))):
                return None
        return None

    async def _request(self, socket: ServerConnection, step: Step, request: requests.Request) -> bool:
        """Process one request. True: the connection was ended."""
        self.received.append(request)
        await self._notify()
        if not isinstance(request, requests.RequestWithId):
            return False
        if step.break_before is not None and step.break_before(request):
            return await self._end_connection(socket, step)
        if step.answers:
            await socket.send(MSGPACK.encode(step.answers.pop(0)(request)))
            return False
        before = self.model.head
        reply = self.model.handle(request)
        if step.break_after is not None and step.break_after(request):
            return await self._end_connection(socket, step)
        if step.no_reply_to is None or not step.no_reply_to(request):
            await socket.send(MSGPACK.encode(reply))
        for event in self.model.log[before:]:
            for device in self._devices - {socket}:
                await device.send(MSGPACK.encode(event))
        return False

    async def _end_connection(self, socket: ServerConnection, step: Step) -> bool:
        if step.close_with is None:
            socket.transport.abort()
        else:
            await socket.close(step.close_with)
        return True


def _bytes(data: str | bytes) -> bytes:
    assert isinstance(data, bytes), "text frame on the MessagePack subprotocol"
    return data


def error_reply(code: Any, retry_after: float | None = None) -> Callable[[requests.RequestWithId], replies.ErrorReply]:
    """Makes an error reply for a request."""
    return lambda request: replies.ErrorReply(id=request.id, code=code, message=f"no: {code}", retry_after=retry_after)
