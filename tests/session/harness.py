"""Whole sessions without a socket: the real connection, post, hub and ledger on a store in memory."""

import asyncio
from typing import Any

import msgpack
import msgspec

from bussa_protocol import codec
from bussa_protocol.bodies import UserChange
from bussa_protocol.codes import CloseReason
from bussa_protocol.frames.parts import SettingsChange
from bussa_server.domain.commands import ChangeSettings, Command, PutUser
from bussa_server.domain.rate_limit import Rate
from bussa_server.ports.store import Store
from bussa_server.session.admission import AdmissionControl
from bussa_server.session.commit_queue import CommitQueue
from bussa_server.session.connection import Connection
from bussa_server.session.hub import Hub
from bussa_server.session.services import Services
from tests.memory_store import MemoryStore
from tests.session.clock import turns
from tests.session.fakes import FakeSocket, FakeTokens, FaultyBus, FaultyNetwork

Frame = dict[str, Any]
NO_LIMIT = Rate(0, 0)
TURNS = 10_000
"""Turns of the loop after which what should have come is given up."""


class GatedStore(MemoryStore):
    """A store whose answers the test can hold back, or spoil."""

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
        """From now on ``name`` waits for the event returned."""
        gate = self.gates[name] = asyncio.Event()
        return gate

    async def commit(self, batch: Any, now: int) -> Any:
        await self._gate("commit")
        return await super().commit(batch, now)

    async def log(self, user: str, after: int, limit: int) -> Any:
        page = await super().log(user, after, limit)  # as of when it was asked
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

    async def history(self, *asked: Any) -> Any:
        await self._gate("history")
        return await super().history(*asked)


class Node:
    """One process's worth of services. Nodes of one cluster share a store and a wire."""

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
        """Users whose doors are open."""
        for user in users:
            await self.commit(PutUser(user, UserChange()))
            await self.commit(ChangeSettings(user, SettingsChange(dm_policy="anyone")))

    async def connect(self, user: str, **hello: Any) -> "FakeDevice":
        """A device that has been welcomed."""
        device = FakeDevice(self)
        device.send({"type": "hello", "token": user, **hello})
        await device.until("welcome")
        return device

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of any connection."""
        return not (self.hub.users or self.admission._users or self.admission._addresses or self.bus.subscribed)


class FakeDevice:
    """A device: what it says goes straight into a connection, what it is told is kept."""

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
        """Everything so far."""
        frames = self.socket.frames
        decode = msgpack.unpackb if self._codec.binary else msgspec.json.decode
        self._received.extend(decode(frame) for frame in frames[len(self._received) :])
        return self._received

    async def until(self, type: str, count: int = 1) -> list[Frame]:
        """Wait until ``count`` frames of ``type`` have come; returns those."""
        for _ in range(TURNS):
            found = [frame for frame in self.received if frame["type"] == type]
            if len(found) >= count:
                return found
            assert not self.end.done(), (self.end, self.received[-3:])
            await turns(5)
        raise AssertionError(f"no {count} {type} came: {str(self.received[-5:])[:500]}")

    async def request(self, frame: Frame) -> Frame:
        known = len(self.received)
        self.send(frame)
        for _ in range(TURNS):
            for told in self.received[known:]:
                if told.get("id") == frame["id"]:
                    return told
            await turns(1)
        raise AssertionError(f"no reply to {frame}: {str(self.received[-5:])[:500]}")

    async def rest(self) -> list[Frame]:
        """Everything so far, once nothing more is under way."""
        await turns(50)
        return self.received

    async def ended(self) -> CloseReason | None:
        """The farewell."""
        return await asyncio.wait_for(self.end, 5)

    async def disconnect(self) -> None:
        self.socket.closed = True
        self.socket.receive(None)
        await self.ended()
