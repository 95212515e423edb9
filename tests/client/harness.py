"""A harness for the client's state machine: a model server, a connection and an application, without a socket.

The connection loses, duplicates and reorders frames as the protocol allows; the application reads slowly and cancels
requests. ``perform`` runs one step, ``run_to_rest`` runs until nothing is pending, ``check_invariants`` compares what
the application got with the log.
"""

from collections import deque
from typing import Any

from bussa.backoff import Backoff
from bussa.event_queue import Cursor, EventQueue, Reset
from bussa.state import ClientState
from bussa_protocol.codec import MSGPACK
from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import events, replies, requests
from tests.client.model_server import ModelServer

DEADLINE = 1e9


class Harness:
    """The client's state, a model server, and the frames between them."""

    def __init__(self, queue: int = 3) -> None:
        self.server = ModelServer()
        self.state = ClientState(event_queue=EventQueue(queue), backoff=Backoff(base=1.0, cap=4.0))
        self.now = 0.0
        self.connected = False
        self.to_server: deque[bytes] = deque()
        self.to_client: deque[Any] = deque()
        self.waiting: dict[int, requests.SendRequest] = {}
        self.answered: dict[int, replies.SentReply] = {}
        self.nonces = 0
        self.seen: list[int] = []
        self.reset_gaps: set[int] = set()
        self.outage: str | None = None
        self.connect()

    # ---- the connection

    def connect(self) -> None:
        if self.connected:
            return
        hello = MSGPACK.decode(self.state.hello("token"))
        assert isinstance(hello, requests.HelloRequest)
        welcome, replay = self.server.welcome(hello)
        self.connected = True
        self.state.welcome(welcome, self.now)
        self.to_client.extend(replay)

    def disconnect(self) -> None:
        if self.connected:
            self.connected = False
            self.to_server.clear()
            self.to_client.clear()
            self.state.disconnected()

    def push(self, event: Any, *, times: int = 1) -> None:
        if self.connected:
            self.to_client.extend([event] * times)

    def process_next(self) -> None:
        """The server executes the client's next frame; the reply is queued for the client."""
        data = self.state.next_frame()
        if data is None:
            return
        request = MSGPACK.decode(data)
        if not isinstance(request, requests.RequestWithId):
            return
        outage, self.outage = self.outage, None
        if outage is None or outage == "outage after commit":
            reply = self.server.handle(request)
        if outage is not None:
            reply = replies.ErrorReply(id=request.id, code=ErrorCode.UNAVAILABLE, message="", retry_after=0.5)
        self.to_client.append(reply)

    def deliver(self, frame: Any) -> None:
        self.state.receive(frame, self.now)
        self.collect()

    def collect(self) -> None:
        settled = self.state.pending.settled
        while settled:
            id, outcome = settled.popleft()
            if id in self.waiting:
                assert isinstance(outcome, replies.SentReply), outcome
                del self.waiting[id]
                assert id not in self.answered
                self.answered[id] = outcome

    # ---- steps

    def perform(self, what: str) -> None:
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
                self.push(events.TypingEvent(peer="bob"))
            case "send":
                self.nonces += 1
                nonce = f"nonce {self.nonces}"
                id = self.state.add_request(
                    lambda id: requests.SendRequest(id=id, to="bob", text="a", nonce=nonce), DEADLINE
                )
                self.waiting[id] = requests.SendRequest(id=id, to="bob", text="a", nonce=nonce)
            case "ping":
                self.state.add_request(lambda id: requests.PingRequest(id=id), DEADLINE)
            case "cancel":
                if self.waiting:
                    id = next(iter(self.waiting))
                    del self.waiting[id]
                    self.state.cancel(id, self.now)
            case "connect":
                self.connect()
            case "disconnect":
                self.disconnect()
            case "process":
                self.process_next()
            case "outage" | "outage after commit":
                self.outage = what
            case "deliver":
                if self.to_client:
                    self.deliver(self.to_client.popleft())
            case "reply overtakes":
                reply = next((frame for frame in self.to_client if isinstance(frame, replies.ReplyWithId)), None)
                if reply is not None:
                    self.to_client.remove(reply)
                    self.deliver(reply)
            case "take":
                self.take_event()
            case "wait":
                self.wait(0.3)
            case "cut":
                self.server.oldest_seq = self.server.head + 1
            case _:
                raise AssertionError(what)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        if self.state.must_reconnect:
            self.disconnect()
        self.state.tick(self.now)
        self.collect()

    def take_event(self) -> bool:
        event = self.state.take_event(self.now)
        match event:
            case None:
                return False
            case Reset(cursor):
                start = self.seen[-1] if self.seen else 0
                assert start + 1 < self.server.oldest_seq, "a reset although the log reaches back"
                self.reset_gaps.update(range(start + 1, cursor.seq + 1))
            case events.LogEventBase():
                self.seen.append(event.seq)
            case _:
                pass
        return True

    def run_to_rest(self) -> None:
        """Run on a stable connection until nothing is pending. A ping reveals a loss at the end of the log."""
        self.outage = None
        self.perform("ping")
        for _ in range(2_000):
            self.connect()
            before = (self.server.head, len(self.to_client), len(self.waiting), self.state.log_cursor.behind)
            self.process_next()
            while self.to_client:
                self.deliver(self.to_client.popleft())
            self.wait(1.0)
            while self.take_event():
                pass
            if before == (self.server.head, 0, 0, False) and self.state.log_cursor.cursor == self.head_cursor:
                return
        raise AssertionError("the client does not come to rest")

    @property
    def head_cursor(self) -> Cursor:
        return Cursor(self.server.epoch, self.server.head)

    def check_invariants(self) -> None:
        by_reply = {sent.seq for sent in self.answered.values()}
        assert self.seen == sorted(set(self.seen)), "event duplicated or out of order"
        assert not by_reply & set(self.seen), "own message also delivered as an event"
        missing = set(range(1, self.server.head + 1)) - by_reply - set(self.seen)
        assert missing <= self.reset_gaps, "entries lost"
        assert self.state.event_queue.cursor == self.head_cursor
        assert not self.state.log_cursor.own_seqs, "marks of own writes left behind"
        nonces = [self.server.sent[nonce].seq for nonce in self.server.sent]
        assert len(nonces) == len(set(nonces))
