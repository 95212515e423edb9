"""Fakes below a session: a socket, a faulty bus, and tokens that are user names."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Sequence

from bussa_server.auth.principal import Principal, Unauthenticated, check_not_revoked
from bussa_server.ports.bus import Envelope
from bussa_server.ports.socket import Frame
from bussa_server.ports.store import Store


class FakeSocket:
    """Records what it is given; its write buffer has room as long as `writable` is set."""

    def __init__(self) -> None:
        self.writes: list[list[bytes]] = []
        self.writable = True
        self.closed_with: int | None = None
        self.aborted = False
        self.closed = False
        self.close_code = 1006
        self.pauses: list[bool] = []
        self.has_unread = False
        """Whether bytes were read and not parsed yet."""
        self.check_hello: Callable[[], None] = lambda: None
        self._waiting: deque[Frame] = deque()
        self._on_writable: Callable[[], None] = lambda: None
        self._on_frame: Callable[[Frame], None] = self._waiting.append

    @property
    def frames(self) -> list[bytes]:
        return [frame for write in self.writes for frame in write]

    def on_frame(self, callback: Callable[[Frame], None]) -> None:
        self._on_frame = callback

    def receive(self, frame: Frame) -> None:
        """Receive a frame from the peer. It waits here while reading is paused."""
        self._waiting.append(frame)
        self._read()

    def pause_reading(self) -> None:
        self.pauses.append(True)

    def resume_reading(self) -> None:
        self.pauses.append(False)
        asyncio.get_running_loop().call_soon(self._read)

    def on_hello_timeout(self, callback: Callable[[], None]) -> None:
        self.check_hello = callback
        if not self.has_unread:
            callback()

    def _read(self) -> None:
        while self._waiting and not (self.pauses and self.pauses[-1]):
            self._on_frame(self._waiting.popleft())

    def write(self, frames: Sequence[bytes]) -> bool:
        if self.closed_with is None and not self.closed:
            self.writes.append(list(frames))
        return self.writable

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._on_writable = callback

    def resume(self) -> None:
        """The peer reads again: the write buffer has drained and stays writable."""
        self.writable = True
        self._on_writable()

    def take_one_more(self) -> None:
        """The write buffer has drained, and one more write fills it again."""
        assert not self.writable
        self._on_writable()

    def close(self, code: int, reason: str) -> None:
        assert self.closed_with is None, "closed twice"
        self.closed_with = int(code)
        self.closed = True
        self._on_frame(None)

    def abort(self) -> None:
        self.aborted = True


class FakeTokens:
    """``name`` is a token of that user, ``name@7`` one issued at 7 ms, and ``name!5000`` one that expires 5,000 ms
    from now."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls = 0
        self.failure: Exception | None = None

    async def verify(self, token: str) -> Principal:
        self.calls += 1
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        rest, _, left = token.partition("!")
        user, _, issued = rest.partition("@")
        if not user:
            raise Unauthenticated("malformed")
        return Principal(user, user, int(issued or 1), time.time_ns() // 1_000_000 + int(left or 3_600_000))

    async def authenticate(self, token: str) -> Principal:
        principal = await self.verify(token)
        user = await self._store.get_user(principal.user)
        check_not_revoked(principal, None if user is None else user.revoked_at)
        return principal


class FaultyBus:
    """One node's bus on a `FaultyNetwork`."""

    has_other_nodes = True
    connected = True
    may_have_lost = False

    def __init__(self, network: "FaultyNetwork") -> None:
        self._network = network
        self.subscribed: set[str] = set()
        self.on_envelope: Callable[[Envelope], None] = lambda _: None
        self.on_resync: Callable[[], None] = lambda: None
        network.nodes.append(self)

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        self._network.in_flight.extend((self, envelope) for envelope in envelopes)

    def announce_loss(self) -> None:
        for node in self._network.nodes:
            if node is not self:
                node.on_resync()

    async def subscribe(self, user: str) -> None:
        await asyncio.sleep(0)
        self.subscribed.add(user)

    def unsubscribe(self, user: str) -> None:
        self.subscribed.discard(user)

    def listen(self, on_envelope: Callable[[Envelope], None], on_resync: Callable[[], None]) -> None:
        self.on_envelope, self.on_resync = on_envelope, on_resync

    async def close(self) -> None:
        pass


class FaultyNetwork:
    """The network between the nodes: loses, duplicates and reorders. Nothing is delivered before `deliver`."""

    def __init__(self) -> None:
        self.nodes: list[FaultyBus] = []
        self.in_flight: list[tuple[FaultyBus, Envelope]] = []

    def deliver(self, rng: random.Random | None = None) -> None:
        """Deliver what is in flight: in order, or with ``rng`` in any order, some twice, some never."""
        in_flight, self.in_flight = self.in_flight, []
        if rng is not None:
            in_flight = [one for one in in_flight for _ in range(rng.choice((0, 1, 1, 2)))]
            rng.shuffle(in_flight)
        for sender, envelope in in_flight:
            for node in self.nodes:
                if node is not sender and envelope.user in node.subscribed:
                    node.on_envelope(envelope)

    def drop(self) -> None:
        self.in_flight = []
