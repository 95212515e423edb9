"""A device as light as can be, which survives whatever happens to its node.

It asks until it is answered: it comes back to the next node, resumes, and asks again, a send under its nonce. What
it hears it writes down, and holds it to what the contract promises: no seq left out or doubled, one reply a request.
"""

import asyncio
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack

from bussa_load.websocket import WebSocketConnection, connect
from tests.e2e.server_process import TIMEOUT, Server, sign_token

Frame = dict[str, Any]

REQUEST_TIMEOUT = 3.0
"""Seconds without an answer after which a device tries another node: what it asked may still be carried out."""


@dataclass
class PendingRequest:
    fields: Frame
    reply: "asyncio.Future[Frame]"
    retried: bool = False
    sent_at: float = 0.0


class ResilientDevice:
    """A device of ``user``; `live` is its life."""

    def __init__(
        self,
        user: str,
        nodes: Sequence[Server],
        first_node: int,
        on_fault: Callable[[str], None],
        handshake_slots: asyncio.Semaphore | None = None,
    ) -> None:
        """``first``: which of the nodes is tried first. ``gate``: how many greet at once."""
        self.user = user
        self.log: dict[int, Frame] = {}
        """Each seq, as an event or as the reply that stood in its place, with the text that was sent."""
        self.cursor: int | None = None
        self.ephemeral_events: list[Frame] = []
        self.close_codes: list[int] = []
        self.welcomes: list[Frame] = []
        self.failed_handshakes = 0
        self.sticky = False
        """Only ever come back to the same node."""
        self.changed = asyncio.Event()
        """Set whenever something was heard; whoever waits clears it."""
        self._nodes = nodes
        self._node = first_node
        self._on_fault = on_fault
        self._handshake_slots = handshake_slots or asyncio.Semaphore()
        self._epoch: str | None = None
        self._pending: dict[int, PendingRequest] = {}
        self._ids = itertools.count(1)
        self._connection: WebSocketConnection | None = None
        self._welcomed_future: asyncio.Future[None] | None = None
        self.task = asyncio.create_task(self._run())

    @property
    def is_online(self) -> bool:
        return (
            self._welcomed_future is not None and self._welcomed_future.done() and not self._welcomed_future.cancelled()
        )

    async def wait_online(self) -> "ResilientDevice":
        await self.wait_for(lambda: self.is_online)
        return self

    async def wait_for(self, condition: Callable[[], bool], seconds: float = TIMEOUT) -> None:
        """Wait until what was heard fulfils ``condition``. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def request(self, type: str, **fields: Any) -> Frame:
        """A request and its reply, however many connections that takes. It must be safe to repeat."""
        return await self.submit(type, **fields)

    def submit(self, type: str, **fields: Any) -> "asyncio.Future[Frame]":
        number = next(self._ids)
        answered: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._pending[number] = PendingRequest({"type": type, "id": number, **fields}, answered)
        self._send(number)
        return answered

    def send_typing(self, peer: str) -> None:
        assert self._connection is not None
        self._connection.send(msgpack.packb({"type": "typing", "peer": peer}))

    def switch_node(self) -> None:
        """Lose the connection, and try the next node first."""
        self._next_node()
        if self._connection is not None:
            self._connection.abort()

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while True:
                try:
                    async with self._handshake_slots, asyncio.timeout(REQUEST_TIMEOUT):
                        connection = await self._handshake()
                    self.close_codes.append(await self._wait_closed(connection))
                except (OSError, TimeoutError):
                    self.failed_handshakes += 1
                    self._next_node()
                finally:
                    if self._connection is not None:
                        self._connection.abort()
                        self._connection = None
                    self._welcomed_future = None
                # Nothing tells when a server is back; and not everybody at once.
                await asyncio.sleep(random.uniform(0.02, 0.2))
        except Exception as error:
            self._on_fault(f"{self.user}: {error!r}")
            raise

    def _next_node(self) -> None:
        if not self.sticky:
            self._node += 1

    async def _handshake(self) -> WebSocketConnection:
        port = self._nodes[self._node % len(self._nodes)].port
        hello: Frame = {"type": "hello", "token": sign_token(self.user)}
        if self.cursor is not None:
            hello |= {"resume": self.cursor, "epoch": self._epoch}
        welcomed = self._welcomed_future = asyncio.get_running_loop().create_future()
        connection = self._connection = await connect("127.0.0.1", port, "bussa.v1.msgpack", self._on_frame)
        connection.send(msgpack.packb(hello))
        await asyncio.wait([welcomed, connection.closed], return_when=asyncio.FIRST_COMPLETED)
        if not welcomed.done():
            raise ConnectionError(f"closed with {connection.closed.result()} before the welcome")
        return connection

    async def _wait_closed(self, connection: WebSocketConnection) -> int:
        """Wait for the close code. Raises TimeoutError if a request gets no reply."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.wait([connection.closed], timeout=REQUEST_TIMEOUT / 3)
            if connection.closed.done():
                self._next_node()
                return connection.closed.result()
            if any(pending.sent_at < clock() - REQUEST_TIMEOUT for pending in self._pending.values()):
                raise TimeoutError

    def _send(self, number: int) -> None:
        if self._connection is not None and self.is_online and number in self._pending:
            pending = self._pending[number]
            pending.sent_at = asyncio.get_running_loop().time()
            self._connection.send(msgpack.packb(pending.fields))

    def _resend(self, number: int, connection: WebSocketConnection) -> None:
        if number in self._pending and connection is self._connection:
            self._pending[number].retried = True
            self._send(number)

    def _on_frame(self, connection: WebSocketConnection, payload: bytes) -> None:
        if connection is not self._connection:
            return  # a late frame of an abandoned connection
        frame: Frame = msgpack.unpackb(payload)
        number = frame.get("id")
        if frame["type"] == "welcome":
            self._on_welcome(frame, connection)
        elif number is not None:
            self._on_reply(number, frame, connection)
        elif "seq" in frame:
            self._append(frame)
        elif frame["type"] == "error":
            self._on_fault(f"{self.user}: {frame}")
        else:
            self.ephemeral_events.append(frame)
        self.changed.set()

    def _on_welcome(self, heard: Frame, connection: WebSocketConnection) -> None:
        if self.cursor is None:
            self.cursor = heard["head"]
        elif not heard["resumed"]:
            self._on_fault(f"{self.user}: the log does not reach back to {self.cursor}")
        self._epoch = heard["epoch"]
        self.welcomes.append(heard)
        assert self._welcomed_future is not None
        self._welcomed_future.set_result(None)
        # In this very turn: whoever asks from the next one on is not to be said twice.
        for number in list(self._pending):
            self._resend(number, connection)

    def _on_reply(self, number: int, heard: Frame, connection: WebSocketConnection) -> None:
        pending = self._pending.get(number)
        if pending is None:
            self._on_fault(f"{self.user}: a reply that was not asked for, or a second one: {heard}")
            return
        if heard.get("code") == "unavailable":
            asyncio.get_running_loop().call_later(0.1, self._resend, number, connection)
            return
        del self._pending[number]
        if "seq" in heard and not (pending.retried and heard["seq"] <= (self.cursor or 0)):
            self._append(heard | {"from": self.user, "text": pending.fields.get("text")})
        if not pending.reply.done():
            pending.reply.set_result(heard)

    def _append(self, heard: Frame) -> None:
        seq = heard["seq"]
        if self.cursor is None or seq != self.cursor + 1:
            self._on_fault(f"{self.user}: seq {seq} after {self.cursor}: {heard['type']}")
        self.cursor = seq
        self.log[seq] = heard
