"""One connection of one user: greets, writes, notes what it hears; and greets again, resumes and repeats."""

import asyncio
import time
from typing import Protocol

from bussa_load.meter import Meter
from bussa_load.told import Error, Hidden, Message, Ok, Other, Pong, Sent, Welcome, decode, encode
from bussa_load.truth import Truth
from bussa_load.wire import Wire, connect, frame

GREETING_SECONDS = 30.0
"""After that a greeting has failed."""

LONGEST_WAIT = 2.0
"""Seconds until a request that had to wait is repeated, at the most."""

FINAL = frozenset((4400, 4401))
"""Close codes after which coming back is of no use."""


class GreetingError(ConnectionError):
    """The server did not welcome a device. ``code``: its close code."""

    def __init__(self, why: str, code: int | None = None) -> None:
        super().__init__(why)
        self.code = code


class Watcher(Protocol):
    """Who is told what happens to a device."""

    def answered(self, device: "LoadDevice") -> None:
        """A send was answered for good: taken or refused."""
        ...

    def received(self, device: "LoadDevice", peer: str) -> None: ...

    def told_to_wait(self, device: "LoadDevice", request: int, seconds: float, code: str) -> None:
        """The server asks to repeat a request later, by `LoadDevice.again`."""
        ...

    def lost(self, device: "LoadDevice", code: int) -> None:
        """A connection that was welcomed has ended."""
        ...


class Asked:
    """A request without an answer."""

    __slots__ = ("again", "count", "due", "payload", "peer", "resting")

    def __init__(self, payload: bytes, peer: str, due: float, count: int) -> None:
        self.payload = payload
        self.peer = peer
        self.due = due
        self.count = count
        """Of a send: the how-manieth to this peer; 0: a block."""
        self.again = False
        """It may have been carried out already: its answer was lost, or said that nobody knows."""
        self.resting = False
        """Told to ask again later."""


class LoadDevice:
    __slots__ = (
        "_address", "_epoch", "_greeted", "_live", "_meter", "_next", "_source", "_token", "_truth", "_waiting",
        "_watcher", "_wire", "closing", "forbidden", "pong", "resting", "user",
    )  # fmt: skip

    def __init__(
        self,
        user: str,
        token: str,
        address: tuple[str, int],
        truth: Truth,
        meter: Meter,
        watcher: Watcher,
        source: str | None = None,
        forbidden: frozenset[str] = frozenset(),
    ) -> None:
        """``source``: the local address to connect from. ``forbidden``: whom the rules keep the user from."""
        self.user = user
        self.forbidden = forbidden
        self._token = token
        self._address = address
        self._source = source
        self._truth = truth
        self._meter = meter
        self._watcher = watcher
        self._wire: Wire | None = None
        self._epoch: str | None = None
        self._next = 0
        self._waiting: dict[int, Asked] = {}
        self._greeted: asyncio.Future[None] | None = None
        self._live = False
        """Welcomed, and not lost since: what is sent meanwhile is repeated at the next welcome."""
        self.resting = 0
        """Requests that the server asked to repeat later."""
        self.closing = False
        self.pong: asyncio.Future[None] | None = None

    @property
    def under_way(self) -> int:
        return len(self._waiting)

    @property
    def connected(self) -> bool:
        return self._live

    async def open(self) -> None:
        """Connect and be welcomed; from the second time on resume, and repeat what has no answer.

        Raises OSError (GreetingError).
        """
        hello: dict[str, str | int] = {"type": "hello", "token": self._token}
        if self._epoch is not None:
            hello |= {"resume": self._truth.cursor(self.user), "epoch": self._epoch}
        greeted = self._greeted = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(GREETING_SECONDS):
            wire = self._wire = await connect(*self._address, "bussa.v1.msgpack", self._hear, self._source, self._ended)
            wire.transport.write(frame(encode(hello), binary=True))
            try:
                await greeted
            except BaseException:
                wire.transport.abort()
                raise
        self._greeted = None

    def send(self, to: str, nonce: str, due: float, size: int) -> None:
        """Send ``size`` characters; ``due`` is from when the latency counts."""
        count = self._truth.sends(self.user, to)
        self._next += 1
        request = {"type": "send", "id": self._next, "to": to, "text": stamped(due, count, size), "nonce": nonce}
        self._ask(Asked(encode(request), to, due, count))

    def block(self, user: str) -> None:
        self._next += 1
        self._truth.blocks(self.user, user)
        self._ask(Asked(encode({"type": "block", "id": self._next, "user": user}), user, 0.0, 0))

    def ping(self) -> asyncio.Future[None]:
        """Ask how far the log reaches, and compare. Done once that is answered."""
        self._next += 1
        self.pong = asyncio.get_running_loop().create_future()
        self._write(encode({"type": "ping", "id": self._next}))
        return self.pong

    def again(self, request: int) -> None:
        """Repeat a request that had to wait."""
        asked = self._waiting.get(request)
        if asked is not None and asked.resting:
            asked.resting = False
            self.resting -= 1
            self._write(asked.payload)

    def give_up(self, request: int) -> bool:
        """A send that the server did not take will not be repeated. False: it may have been taken all the same, or
        is being repeated."""
        asked = self._waiting.get(request)
        if asked is None or not asked.resting or asked.again or not asked.count:
            return False
        del self._waiting[request]
        self.resting -= 1
        self._truth.was_refused(self.user, asked.peer, asked.count, by_rule=False)
        return True

    def drop(self) -> None:
        """Lose the connection, as a network does."""
        if self._live and self._wire is not None:
            wire, self._wire, self._live = self._wire, None, False
            wire.transport.abort()
            self._watcher.lost(self, 1006)

    def close(self) -> None:
        self.closing = True
        if self._wire is not None:
            self._wire.transport.close()

    def _ask(self, asked: Asked) -> None:
        self._waiting[self._next] = asked
        self._write(asked.payload)

    def _write(self, payload: bytes) -> None:
        if self._live and self._wire is not None:
            self._wire.transport.write(frame(payload, binary=True))

    def _ended(self, wire: Wire, code: int) -> None:
        if wire is not self._wire:
            return
        self._wire = None
        if self._greeted is not None and not self._greeted.done():
            self._greeted.set_exception(GreetingError(f"{self.user} was not welcomed: {code}", code))
        elif self._live:
            self._live = False
            if not self.closing:
                self._watcher.lost(self, code)

    def _hear(self, wire: Wire, payload: bytes) -> None:
        if wire is not self._wire:
            return  # the last words of a connection that was dropped
        now = time.perf_counter()
        match decode(payload):
            case Message() as told:
                self._heard_message(told, now)
            case Sent() as told:
                asked = self._waiting.pop(told.id, None)
                if asked is None:
                    self._truth.complain(f"{self.user}: answered a request twice, or one that was never made")
                    return
                self._truth.sent(self.user, asked.peer, asked.count, told.n, told.seq, again=asked.again)
                self._meter.ack(asked.due, now)
                self._watcher.answered(self)
            case Error() as told:
                self._heard_error(told)
            case Ok() as told:
                asked = self._waiting.pop(told.id, None)
                if told.seq is not None and not (asked and asked.again and told.seq <= self._truth.cursor(self.user)):
                    self._truth.other(self.user, told.seq)
                if asked is not None:
                    self._truth.blocked(self.user, asked.peer)
            case Welcome() as told:
                self._welcomed(told)
            case Pong() as told:
                self._truth.head(self.user, told.head)
                if self.pong is not None and not self.pong.done():
                    self.pong.set_result(None)
            case Hidden() as told:
                self._truth.other(self.user, told.seq, hidden=True)
            case Other() as told:
                if told.seq is not None:
                    self._truth.other(self.user, told.seq)

    def _heard_message(self, told: Message, now: float) -> None:
        due, count = stamp_of(told.text)
        if self._truth.message(self.user, told.peer, told.sender, told.n, told.seq, count):
            self._meter.delivery(due, now)
            self._watcher.received(self, told.peer)

    def _heard_error(self, told: Error) -> None:
        asked = None if told.id is None else self._waiting.get(told.id)
        if asked is None or told.id is None:
            self._truth.complain(f"{self.user}: {told.code}: {told.message}")
            return
        if told.code in ("rate_limited", "unavailable"):
            if asked.count:
                self._truth.retries(self.user, asked.peer, asked.count)
            asked.resting = True
            asked.again = asked.again or told.code == "unavailable"
            self.resting += 1
            # What it says is when one more may be sent: those that wait, wait for each other.
            seconds = 1.0 if told.retry_after is None else told.retry_after
            self._watcher.told_to_wait(self, told.id, min(LONGEST_WAIT, seconds * self.resting), told.code)
            return
        del self._waiting[told.id]
        if asked.count:
            self._truth.was_refused(self.user, asked.peer, asked.count)
        if told.code == "not_allowed" and asked.count:
            self._truth.unexpected_refusal(self.user, asked.peer, asked.peer in self.forbidden)
        else:
            self._truth.complain(f"{self.user}: {told.code}: {told.message}")
        self._watcher.answered(self)

    def _welcomed(self, told: Welcome) -> None:
        if self._epoch is None:
            self._truth.begins(self.user, told.head)
        elif not told.resumed:
            self._truth.complain(f"{self.user}: the log does not reach back to {self._truth.cursor(self.user)}")
        self._epoch = told.epoch
        self._live = True
        for asked in self._waiting.values():  # at once, so that nothing newer goes before them
            asked.again = asked.again or not asked.resting
            asked.resting = False
            self._write(asked.payload)
        self.resting = 0
        if self._greeted is not None and not self._greeted.done():
            self._greeted.set_result(None)


def stamped(due: float, count: int, size: int) -> str:
    """A text that tells when it was due and its count. Both ends are of one process, and so of one clock."""
    return f"{due:.6f} {count} ".ljust(size, "x")


def stamp_of(text: str) -> tuple[float, int | None]:
    """When a text was due, and its count; None: it is none of ours."""
    try:
        due, count, _ = text.split(" ", 2)
        return float(due), int(count)
    except ValueError:
        return 0.0, None
