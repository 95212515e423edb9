"""Complete sessions without a socket: real connections, commit queue, hub and handlers on an in-memory store."""

import asyncio
from typing import Any

import msgpack
import msgspec

from bussa_protocol import codec
from bussa_protocol.bodies import UserChange
from bussa_protocol.codes import CloseReason
from bussa_protocol.frames.parts import SettingsChange
from bussa_server.domain.commands import Command
from bussa_server.lib.rate_limit import Rate
from bussa_server.node.admission import AdmissionControl
from bussa_server.node.commit_queue import CommitQueue
from bussa_server.node.hub import Hub
from bussa_server.node.services import Services
from bussa_server.ports.store import Store
from bussa_server.session.connection import Connection
from tests.commands import ChangeSettings, PutUser
from tests.memory_store import MemoryStore
from tests.session.clock import turns
from tests.session.fakes import FakeSocket, FakeTokens, FaultyBus, FaultyNetwork

Frame = dict[str, Any]
NO_LIMIT = Rate(0, 0)
TURNS = 10_000
"""Turns of the event loop after which a wait fails."""


class GatedStore(MemoryStore):
    """A store whose calls the test can block or make fail."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.failures: dict[str, Exception] = {}

    async def _gate(self, name: str) -> None:
        self.calls.append(name)
        await asyncio.sleep(0)
        if name in self.gates:
            await self.gates[name].wait()
        if name in self.failures:
            raise self.failures[name]

    def block(self, name: str) -> asyncio.Event:
        """Make calls of ``name`` wait for the event returned."""
        gate = self.gates[name] = asyncio.Event()
        return gate

    async def commit(self, batch: Any, now: int) -> Any:
        await self._gate("commit")
        return await super().commit(batch, now)

    async def log(self, user: str, after: int, limit: int) -> Any:
        page = await super().log(user, after, limit)  # as of the time of the call
        await self._gate("log")
        return page

    async def resume_state(self, user: str, after: int, limit: int) -> Any:
        await self._gate("resume_state")
        state = await MemoryStore.resume_state(self, user, after, limit)
        await self._gate("resume_state read")
        return state

    async def heads(self, users: Any) -> Any:
        await self._gate("heads")
        return await super().heads(users)

    async def history(self, *arguments: Any) -> Any:
        await self._gate("history")
        return await super().history(*arguments)


class Node:
    """The services of one process. Nodes of one cluster share a store and a network."""

    def __init__(
        self,
        *,
        send_limit: Rate = NO_LIMIT,
        frame_limit: Rate = NO_LIMIT,
        per_user: int = 100,
        per_address: int = 100,
        store: GatedStore | None = None,
        network: FaultyNetwork | None = None,
    ) -> None:
        self.store = store or GatedStore()
        self.bus = FaultyBus(network or FaultyNetwork())
        self.admission = AdmissionControl(per_user=per_user, per_address=per_address, send_limit=send_limit)
        self.hub = Hub(self.bus, self.admission.charge_remote_send)
        self.commit_queue = CommitQueue(self.store, self.hub.deliver, self.hub.revoke, self.hub.publish)
        store_port: Store = self.store
        self.tokens = FakeTokens(store_port)
        self.services = Services(store_port, self.commit_queue, self.hub, self.tokens, self.admission, frame_limit)

    async def commit(self, *commands: Command) -> None:
        for command in commands:
            await self.commit_queue.commit(command)

    async def add_users(self, *users: str) -> None:
        """Create users who accept messages from anyone."""
        for user in users:
            await self.commit(PutUser(user, UserChange()))
            await self.commit(ChangeSettings(user, SettingsChange(dm_policy="anyone")))

    async def connect(self, user: str, **hello: Any) -> "FakeDevice":
        """Connect a device and wait for its welcome."""
        device = FakeDevice(self)
        device.send({"type": "hello", "token": user, **hello})
        await device.until("welcome")
        return device

    @property
    def is_empty(self) -> bool:
        """Whether no connection has left anything behind."""
        return self.admission.idle and not self.hub.users and not self.bus.subscribed


class FakeDevice:
    """A device: its frames go straight into a connection, and what it receives is recorded."""

    def __init__(
        self, node: Node, chosen: codec.Codec = codec.JSON, address: str = "10.0.0.1", token: str | None = None
    ) -> None:
        self.socket = FakeSocket()
        self._codec = chosen
        self._received: list[Frame] = []
        self.end: asyncio.Future[CloseReason | None] = asyncio.get_running_loop().create_future()
        self.connection = Connection(node.services, chosen, self.socket, address, token)
        self.connection.begin(lambda connection: self.end.set_result(connection.server_close_code))

    def send(self, *frames: Frame | bytes | str) -> None:
        for frame in frames:
            if isinstance(frame, dict):
                frame = msgpack.packb(frame) if self._codec.binary else msgspec.json.encode(frame).decode()
            self.socket.receive(frame)

    @property
    def received(self) -> list[Frame]:
        """All frames so far."""
        frames = self.socket.frames
        decode = msgpack.unpackb if self._codec.binary else msgspec.json.decode
        self._received.extend(decode(frame) for frame in frames[len(self._received) :])
        return self._received

    async def until(self, type: str, count: int = 1) -> list[Frame]:
        """Wait until ``count`` frames of ``type`` were received; returns those."""
        for _ in range(TURNS):
            found = [frame for frame in self.received if frame["type"] == type]
            if len(found) >= count:
                return found
            assert not self.end.done(), (self.end, self.received[-3:])
            await turns(5)
        raise AssertionError(f"fewer than {count} {type} received: {str(self.received[-5:])[:500]}")

    async def request(self, frame: Frame) -> Frame:
        """Send a request and wait for its reply."""
        start = len(self.received)
        self.send(frame)
        for _ in range(TURNS):
            for reply in self.received[start:]:
                if reply.get("id") == frame["id"]:
                    return reply
            await turns(1)
        raise AssertionError(f"no reply to {frame}: {str(self.received[-5:])[:500]}")

    async def ended(self) -> CloseReason | None:
        """Wait for the end; returns the server's close code."""
        return await asyncio.wait_for(self.end, 5)

    async def disconnect(self) -> None:
        self.socket.closed = True
        self.socket.receive(None)
        await self.ended()
