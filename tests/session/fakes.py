"""What a session stands on, played by hand: a socket, a bus that breaks its word, tokens that are names."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Sequence

from bussa_server.ports.bus import Envelope
from bussa_server.ports.store import Store
from bussa_server.session.principal import Principal, Unauthenticated, must_stand
from bussa_server.session.socket import Frame


class FakeSocket:
    """Remembers what it was told; takes more as long as `writable` is set."""

    def __init__(self) -> None:
        self.writes: list[list[bytes]] = []
        self.writable = True
        self.closed: int | None = None
        self.aborted = False
        self.gone = False
        self.left = 1006
        self.held: list[bool] = []
        self.behind = False
        """Whether something that was read waits to be looked at."""
        self.judge: Callable[[], None] = lambda: None
        self._waiting: deque[Frame] = deque()
        self._resume: Callable[[], None] = lambda: None
        self._on_frame: Callable[[Frame], None] = self._waiting.append

    @property
    def frames(self) -> list[bytes]:
        return [frame for write in self.writes for frame in write]

    def on_frame(self, callback: Callable[[Frame], None]) -> None:
        self._on_frame = callback

    def hear(self, frame: Frame) -> None:
        """The peer has sent it. What must wait while the connection does not read waits here."""
        self._waiting.append(frame)
        self._read()

    def hold(self, holding: bool) -> None:
        self.held.append(holding)
        if not holding:
            asyncio.get_running_loop().call_soon(self._read)

    def unless_heard(self, callback: Callable[[], None]) -> None:
        self.judge = callback
        if not self.behind:
            callback()

    def _read(self) -> None:
        while self._waiting and not (self.held and self.held[-1]):
            self._on_frame(self._waiting.popleft())

    def write(self, frames: Sequence[bytes]) -> bool:
        if self.closed is None and not self.gone:
            self.writes.append(list(frames))
        return self.writable

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._resume = callback

    def resume(self) -> None:
        """The peer has caught up."""
        self.writable = True
        self._resume()

    def close(self, code: int, reason: str) -> None:
        assert self.closed is None, "said farewell twice"
        self.closed = int(code)
        self.gone = True
        self._on_frame(None)

    def abort(self) -> None:
        self.aborted = True


class FakeTokens:
    """``name`` is a token of that user, ``name@7`` one issued at 7 ms, and ``name!5000`` one that runs out
    5,000 ms from now."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked = 0
        self.failure: Exception | None = None

    async def read(self, token: str) -> Principal:
        self.asked += 1
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        rest, _, left = token.partition("!")
        user, _, issued = rest.partition("@")
        if not user:
            raise Unauthenticated("it is none")
        return Principal(user, user, int(issued or 1), time.time_ns() // 1_000_000 + int(left or 3_600_000))

    async def who(self, token: str) -> Principal:
        principal = await self.read(token)
        person = await self._store.person(principal.user)
        must_stand(principal, None if person is None else person.revoked_at)
        return principal


class FaultyBus:
    """Several nodes, and a wire between them that loses, doubles and shuffles. Nothing moves before `carry`."""

    remote = True
    whole = True
    in_doubt = False

    def __init__(self, wire: "Wire") -> None:
        self._wire = wire
        self.watched: set[str] = set()
        self.on_envelope: Callable[[Envelope], None] = lambda _: None
        self.on_doubt: Callable[[], None] = lambda: None
        wire.nodes.append(self)

    def ring(self, envelopes: Sequence[Envelope]) -> None:
        self._wire.under_way.extend((self, envelope) for envelope in envelopes)

    def warn(self) -> None:
        for node in self._wire.nodes:
            if node is not self:
                node.on_doubt()

    async def watch(self, user: str) -> None:
        await asyncio.sleep(0)
        self.watched.add(user)

    def unwatch(self, user: str) -> None:
        self.watched.discard(user)

    def listen(self, on_envelope: Callable[[Envelope], None], on_doubt: Callable[[], None]) -> None:
        self.on_envelope, self.on_doubt = on_envelope, on_doubt

    async def close(self) -> None:
        pass


class Wire:
    def __init__(self) -> None:
        self.nodes: list[FaultyBus] = []
        self.under_way: list[tuple[FaultyBus, Envelope]] = []

    def carry(self, chance: random.Random | None = None) -> None:
        """Carry what is under way: in order, or with ``chance`` in any order, some twice, some never."""
        under_way, self.under_way = self.under_way, []
        if chance is not None:
            under_way = [one for one in under_way for _ in range(chance.choice((0, 1, 1, 2)))]
            chance.shuffle(under_way)
        for sender, envelope in under_way:
            for node in self.nodes:
                if node is not sender and envelope.user in node.watched:
                    node.on_envelope(envelope)

    def lose(self) -> None:
        self.under_way = []
