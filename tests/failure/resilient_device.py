"""A lightweight device that survives the faults of its node.

It retries each request until it has the reply: it reconnects to the next node, resumes, and repeats the request, a send
under its nonce. It records every event and checks the guarantees of the contract: no seq is missing or doubled, and a
request gets one reply.
"""

import asyncio
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack

from tests.e2e.server_process import TIMEOUT, Server, sign_token
from tests.failure.websocket_client import WebSocketClient

Frame = dict[str, Any]

REQUEST_TIMEOUT = 3.0
"""Seconds without a reply after which a device tries another node. The request may still be handled."""


@dataclass
class PendingRequest:
    fields: Frame
    reply: "asyncio.Future[Frame]"
    retried: bool = False
    sent_at: float = 0.0


class ResilientDevice:
    """A device of ``user``, which runs until `close`."""

    def __init__(
        self,
        user: str,
        nodes: Sequence[Server],
        first_node: int,
        on_fault: Callable[[str], None],
        handshake_slots: asyncio.Semaphore | None = None,
    ) -> None:
        """``first_node``: index of the node to try first. ``handshake_slots`` limits concurrent handshakes."""
        self.user = user
        self.log: dict[int, Frame] = {}
        """By seq: the event, or the reply in its place, with the text that was sent."""
        self.cursor: int | None = None
        self.ephemeral_events: list[Frame] = []
        self.close_codes: list[int] = []
        self.welcomes: list[Frame] = []
        self.failed_handshakes = 0
        self.sticky = False
        """Reconnect to the same node only."""
        self.changed = asyncio.Event()
        """Set after each frame; the waiter clears it."""
        self._nodes = nodes
        self._node = first_node
        self._on_fault = on_fault
        self._handshake_slots = handshake_slots or asyncio.Semaphore()
        self._epoch: str | None = None
        self._pending: dict[int, PendingRequest] = {}
        self._ids = itertools.count(1)
        self._client: WebSocketClient | None = None
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
        """Wait until ``condition`` holds after some frame. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def request(self, type: str, **fields: Any) -> Frame:
        """Send a request and return its reply, over as many connections as it takes. It must be safe to repeat."""
        return await self.submit(type, **fields)

    def submit(self, type: str, **fields: Any) -> "asyncio.Future[Frame]":
        number = next(self._ids)
        reply: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._pending[number] = PendingRequest({"type": type, "id": number, **fields}, reply)
        self._send(number)
        return reply

    def send_typing(self, peer: str) -> None:
        assert self._client is not None
        self._client.write({"type": "typing", "peer": peer})

    def switch_node(self) -> None:
        """Abort the connection, and try the next node first."""
        self._next_node()
        if self._client is not None:
            self._client.transport.abort()

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while True:
                try:
                    async with self._handshake_slots, asyncio.timeout(REQUEST_TIMEOUT):
                        client = await self._handshake()
                    self.close_codes.append(await self._wait_closed(client))
                except (OSError, TimeoutError):
                    self.failed_handshakes += 1
                    self._next_node()
                finally:
                    if self._client is not None:
                        self._client.transport.abort()
                        self._client = None
                    self._welcomed_future = None
                # Nothing signals that a server is back. The jitter spreads the reconnects.
                await asyncio.sleep(random.uniform(0.02, 0.2))
        except Exception as error:
            self._on_fault(f"{self.user}: {error!r}")
            raise

    def _next_node(self) -> None:
        if not self.sticky:
            self._node += 1

    async def _handshake(self) -> WebSocketClient:
        port = self._nodes[self._node % len(self._nodes)].port
        hello: Frame = {"type": "hello", "token": sign_token(self.user)}
        if self.cursor is not None:
            hello |= {"resume": self.cursor, "epoch": self._epoch}
        welcomed = self._welcomed_future = asyncio.get_running_loop().create_future()
        client = self._client = await WebSocketClient.connect(port, self._on_frame)
        client.write(hello)
        await asyncio.wait([welcomed, client.closed], return_when=asyncio.FIRST_COMPLETED)
        if not welcomed.done():
            raise ConnectionError(f"closed with {client.closed.result()} before the welcome")
        return client

    async def _wait_closed(self, client: WebSocketClient) -> int:
        """Wait for the close code. Raises TimeoutError if a request gets no reply."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.wait([client.closed], timeout=REQUEST_TIMEOUT / 3)
            if client.closed.done():
                self._next_node()
                return client.closed.result()
            if any(pending.sent_at < clock() - REQUEST_TIMEOUT for pending in self._pending.values()):
                raise TimeoutError

    def _send(self, number: int) -> None:
        if self._client is not None and self.is_online and number in self._pending:
            pending = self._pending[number]
            pending.sent_at = asyncio.get_running_loop().time()
            self._client.write(pending.fields)

    def _resend(self, number: int, client: WebSocketClient) -> None:
        if number in self._pending and client is self._client:
            self._pending[number].retried = True
            self._send(number)

    def _on_frame(self, client: WebSocketClient, payload: bytes) -> None:
        if client is not self._client:
            return  # a late frame of an abandoned connection
        frame: Frame = msgpack.unpackb(payload)
        number = frame.get("id")
        if frame["type"] == "welcome":
            self._on_welcome(frame, client)
        elif number is not None:
            self._on_reply(number, frame, client)
        elif "seq" in frame:
            self._append(frame)
        elif frame["type"] == "error":
            self._on_fault(f"{self.user}: {frame}")
        else:
            self.ephemeral_events.append(frame)
        self.changed.set()

    def _on_welcome(self, frame: Frame, client: WebSocketClient) -> None:
        if self.cursor is None:
            self.cursor = frame["head"]
        elif not frame["resumed"]:
            self._on_fault(f"{self.user}: the log does not reach back to {self.cursor}")
        self._epoch = frame["epoch"]
        self.welcomes.append(frame)
        assert self._welcomed_future is not None
        self._welcomed_future.set_result(None)
        # In the same iteration of the loop: a request submitted later must not be sent twice.
        for number in list(self._pending):
            self._resend(number, client)

    def _on_reply(self, number: int, frame: Frame, client: WebSocketClient) -> None:
        pending = self._pending.get(number)
        if pending is None:
            self._on_fault(f"{self.user}: unexpected or duplicate reply: {frame}")
            return
        if frame.get("code") == "unavailable":
            asyncio.get_running_loop().call_later(0.1, self._resend, number, client)
            return
        del self._pending[number]
        if "seq" in frame and not (pending.retried and frame["seq"] <= (self.cursor or 0)):
            self._append(frame | {"from": self.user, "text": pending.fields.get("text")})
        if not pending.reply.done():
            pending.reply.set_result(frame)

    def _append(self, frame: Frame) -> None:
        seq = frame["seq"]
        if self.cursor is None or seq != self.cursor + 1:
            self._on_fault(f"{self.user}: seq {seq} after {self.cursor}: {frame['type']}")
        self.cursor = seq
        self.log[seq] = frame
