"""A log, a connection and an application, without a socket: what the client's pure state is tried against.

The connection may lose, double and reorder what the contract cannot rule out; the application reads slowly and
changes its mind. ``act`` makes one thing happen, ``settle`` lets everything come to rest, ``check`` holds what
the application has met against the log.
"""

from collections import deque
from typing import Any

from bussa.backoff import Backoff
from bussa.feed import Cursor, Feed, Reset
from bussa.state import State
from bussa_protocol.codec import MSGPACK
from bussa_protocol.codes import Code
from bussa_protocol.frames import events, replies, requests
from tests.client.model_server import Account

PATIENCE = 1e9


class World:
    """The client's state, a server, and what lies between them."""

    def __init__(self, queue: int = 3, *, cuts: bool = False) -> None:
        self.server = Account()
        self.state = State(feed=Feed(queue), backoff=Backoff(base=1.0, cap=4.0))
        self.now = 0.0
        self.connected = False
        self.up: deque[bytes] = deque()
        self.down: deque[Any] = deque()
        self.waiting: dict[int, requests.Send] = {}
        self.answered: dict[int, replies.Sent] = {}
        self.nonces = 0
        self.met: list[int] = []
        self.excused: set[int] = set()
        self.outage: str | None = None
        self.connect()

    # ---- the connection

    def connect(self) -> None:
        if self.connected:
            return
        hello = MSGPACK.decode(self.state.hello("token"))
        assert isinstance(hello, requests.Hello)
        welcome, replay = self.server.welcome(hello)
        self.connected = True
        self.state.welcome(welcome, self.now)
        self.down.extend(replay)

    def break_(self) -> None:
        if self.connected:
            self.connected = False
            self.up.clear()
            self.down.clear()
            self.state.lost()

    def push(self, event: Any, *, times: int = 1) -> None:
        if self.connected:
            self.down.extend([event] * times)

    def fly(self) -> None:
        """One frame goes up, is carried out, and its reply is on its way down."""
        data = self.state.next()
        if data is None:
            return
        request = MSGPACK.decode(data)
        if not isinstance(request, requests.Asked):
            return
        outage, self.outage = self.outage, None
        if outage is None or outage == "outage after commit":
            reply = self.server.answer(request)
        if outage is not None:
            reply = replies.Error(id=request.id, code=Code.UNAVAILABLE, message="", retry_after=0.5)
        self.down.append(reply)

    def arrive(self, frame: Any) -> None:
        self.state.receive(frame, self.now)
        self.collect()

    def collect(self) -> None:
        settled = self.state.asks.settled
        while settled:
            id, outcome = settled.popleft()
            if id in self.waiting:
                assert isinstance(outcome, replies.Sent), outcome
                del self.waiting[id]
                assert id not in self.answered
                self.answered[id] = outcome

    # ---- what happens

    def act(self, what: str) -> None:
        match what:
            case "bob writes":
                self.push(self.server.write("bob", "bob", "a"))
            case "own phone writes":
                self.push(self.server.write("bob", "me", "a"))
            case "lost push":
                self.server.write("bob", "bob", "lost")
            case "doubled push":
                self.push(self.server.write("bob", "bob", "b"), times=2)
            case "typing":
                self.push(events.Typing(peer="bob"))
            case "send":
                self.nonces += 1
                nonce = f"nonce {self.nonces}"
                id = self.state.ask(lambda id: requests.Send(id=id, to="bob", text="a", nonce=nonce), PATIENCE)
                self.waiting[id] = requests.Send(id=id, to="bob", text="a", nonce=nonce)
            case "ping":
                self.state.ask(lambda id: requests.Ping(id=id), PATIENCE)
            case "abandon":
                if self.waiting:
                    id = next(iter(self.waiting))
                    del self.waiting[id]
                    self.state.abandon(id, self.now)
            case "connect":
                self.connect()
            case "break":
                self.break_()
            case "fly":
                self.fly()
            case "outage" | "outage after commit":
                self.outage = what
            case "arrive":
                if self.down:
                    self.arrive(self.down.popleft())
            case "reply overtakes":
                reply = next((frame for frame in self.down if isinstance(frame, replies.Answered)), None)
                if reply is not None:
                    self.down.remove(reply)
                    self.arrive(reply)
            case "take":
                self.take()
            case "wait":
                self.wait(0.3)
            case "cut":
                self.server.kept_from = self.server.head + 1
            case _:
                raise AssertionError(what)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        if self.state.broken:
            self.break_()
        self.state.tick(self.now)
        self.collect()

    def take(self) -> bool:
        notice = self.state.take(self.now)
        match notice:
            case None:
                return False
            case Reset(cursor):
                start = self.met[-1] if self.met else 0
                self.excused.update(range(start + 1, cursor.seq + 1))
            case events.Logged():
                self.met.append(notice.seq)
            case _:
                pass
        return True

    def settle(self) -> None:
        """Let everything come to rest on a connection that holds. A ping tells of what was lost last of all."""
        self.outage = None
        self.act("ping")
        for _ in range(2_000):
            self.connect()
            before = (self.server.head, len(self.down), len(self.waiting), self.state.log.behind)
            self.fly()
            while self.down:
                self.arrive(self.down.popleft())
            self.wait(1.0)
            while self.take():
                pass
            if before == (self.server.head, 0, 0, False) and self.state.log.cursor == self.here:
                return
        raise AssertionError("it does not come to rest")

    @property
    def here(self) -> Cursor:
        return Cursor(self.server.epoch, self.server.head)

    def check(self) -> None:
        by_reply = {sent.seq for sent in self.answered.values()}
        assert self.met == sorted(set(self.met)), "an event came twice or out of order"
        assert not by_reply & set(self.met), "an own message came as an event too"
        missing = set(range(1, self.server.head + 1)) - by_reply - set(self.met)
        assert missing <= self.excused, "something was never seen"
        assert self.state.feed.cursor == self.here
        assert not self.state.log.own, "marks are left behind"
        nonces = [self.server.sent[nonce].seq for nonce in self.server.sent]
        assert len(nonces) == len(set(nonces))
