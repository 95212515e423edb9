"""Whole sessions without a socket: the real connection, post, hub and ledger on a store in memory."""

import asyncio
from typing import Any

import msgpack
import msgspec

from bussa_protocol import codec
from bussa_protocol.bodies import PersonChange
from bussa_protocol.codes import Close
from bussa_protocol.frames.parts import SettingsChange
from bussa_server.domain.commands import ChangeSettings, Command, PutPerson
from bussa_server.domain.throttle import Rate
from bussa_server.ports.store import Store
from bussa_server.session.connection import Connection
from bussa_server.session.doorman import Doorman
from bussa_server.session.hub import Hub
from bussa_server.session.post import Post
from bussa_server.session.services import Services
from tests.memory_store import MemoryStore
from tests.session.clock import turns
from tests.session.fakes import FakeSocket, FakeTokens, FaultyBus, Wire

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

    async def _pass(self, name: str) -> None:
        self.calls.append(name)
        await asyncio.sleep(0)
        if name in self.gates:
            await self.gates[name].wait()
        if name in self.failures:
            raise self.failures[name]

    def hold(self, name: str) -> asyncio.Event:
        """From now on ``name`` waits for the event returned."""
        gate = self.gates[name] = asyncio.Event()
        return gate

    async def commit(self, batch: Any, now: int) -> Any:
        await self._pass("commit")
        return await super().commit(batch, now)

    async def log(self, user: str, after: int, limit: int) -> Any:
        page = await super().log(user, after, limit)  # as of when it was asked
        await self._pass("log")
        return page

    async def arrival(self, user: str, after: int, limit: int) -> Any:
        await self._pass("arrival")
        arrival = await MemoryStore.arrival(self, user, after, limit)
        await self._pass("arrival read")
        return arrival

    async def heads(self, users: Any) -> Any:
        await self._pass("heads")
        return await super().heads(users)

    async def history(self, *asked: Any) -> Any:
        await self._pass("history")
        return await super().history(*asked)


class Node:
    """One process's worth of services. Nodes of one town share a store and a wire."""

    def __init__(
        self,
        *,
        sends: Rate = NO_LIMIT,
        frames: Rate = NO_LIMIT,
        per_user: int = 100,
        per_address: int = 100,
        store: GatedStore | None = None,
        wire: Wire | None = None,
    ) -> None:
        self.store = store or GatedStore()
        self.bus = FaultyBus(wire or Wire())
        self.doorman = Doorman(per_user=per_user, per_address=per_address, sends=sends)
        self.hub = Hub(self.bus, self.doorman.spent)
        self.post = Post(self.store, self.hub.deliver, self.hub.revoke, self.hub.ring)
        store_port: Store = self.store
        self.tokens = FakeTokens(store_port)
        self.services = Services(store_port, self.post, self.hub, self.tokens, self.doorman, frames)

    async def commit(self, *commands: Command) -> None:
        for command in commands:
            await self.post.commit(command)

    async def people(self, *users: str) -> None:
        """Users whose doors are open."""
        for user in users:
            await self.commit(PutPerson(user, PersonChange()))
            await self.commit(ChangeSettings(user, SettingsChange(dm_policy="anyone")))

    async def phone(self, user: str, **hello: Any) -> "Phone":
        """A device that has been welcomed."""
        phone = Phone(self)
        phone.say({"type": "hello", "token": user, **hello})
        await phone.until("welcome")
        return phone

    @property
    def empty(self) -> bool:
        """Whether nothing is left of any connection."""
        return not (self.hub.users or self.doorman._users or self.doorman._addresses or self.bus.watched)


class Phone:
    """A device: what it says goes straight into a connection, what it is told is kept."""

    def __init__(
        self, node: Node, chosen: codec.Codec = codec.JSON, address: str = "10.0.0.1", token: str | None = None
    ) -> None:
        self.socket = FakeSocket()
        self._codec = chosen
        self._told: list[Frame] = []
        self.life: asyncio.Future[Close | None] = asyncio.get_running_loop().create_future()
        self.connection = Connection(node.services, chosen, self.socket, address, token)
        self.connection.begin(lambda connection: self.life.set_result(connection.ended_by))

    def say(self, *frames: Frame | bytes | str) -> None:
        for frame in frames:
            if isinstance(frame, dict):
                frame = msgpack.packb(frame) if self._codec.binary else msgspec.json.encode(frame).decode()
            self.socket.hear(frame)

    @property
    def told(self) -> list[Frame]:
        """Everything so far."""
        frames = self.socket.frames
        decode = msgpack.unpackb if self._codec.binary else msgspec.json.decode
        self._told.extend(decode(frame) for frame in frames[len(self._told) :])
        return self._told

    async def until(self, type: str, count: int = 1) -> list[Frame]:
        """Wait until ``count`` frames of ``type`` have come; returns those."""
        for _ in range(TURNS):
            found = [frame for frame in self.told if frame["type"] == type]
            if len(found) >= count:
                return found
            assert not self.life.done(), (self.life, self.told[-3:])
            await turns(5)
        raise AssertionError(f"no {count} {type} came: {str(self.told[-5:])[:500]}")

    async def ask(self, frame: Frame) -> Frame:
        known = len(self.told)
        self.say(frame)
        for _ in range(TURNS):
            for told in self.told[known:]:
                if told.get("id") == frame["id"]:
                    return told
            await turns(1)
        raise AssertionError(f"no reply to {frame}: {str(self.told[-5:])[:500]}")

    async def rest(self) -> list[Frame]:
        """Everything so far, once nothing more is under way."""
        await turns(50)
        return self.told

    async def ended(self) -> Close | None:
        """The farewell."""
        return await asyncio.wait_for(self.life, 5)

    async def leave(self) -> None:
        self.socket.gone = True
        self.socket.hear(None)
        await self.ended()
