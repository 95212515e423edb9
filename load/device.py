"""One connection of one user: greets, writes, notes what it hears, comes back and resumes."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec

from load.meter import Meter
from load.truth import Truth
from load.wire import Wire, connect, frame

GIVE_UP = 30.0
"""Seconds without an answer after which a greeting has failed."""

_decode = msgspec.msgpack.Decoder().decode
_encode = msgspec.msgpack.Encoder().encode


class GreetingError(Exception):
    """The server did not welcome a device."""


class LoadDevice:
    """``on_answer(device)`` is called when a send was answered, ``on_message(device, peer)`` for a peer's message."""

    def __init__(
        self,
        user: str,
        token: str,
        address: tuple[str, int],
        truth: Truth,
        meter: Meter,
        on_answer: Callable[["LoadDevice"], None],
        on_message: Callable[["LoadDevice", str], None],
        source: str | None = None,
    ) -> None:
        self.user = user
        self._token = token
        self._address = address
        self._source = source
        self._truth = truth
        self._meter = meter
        self._on_answer = on_answer
        self._on_message = on_message
        self._wire: Wire | None = None
        self._epoch: str | None = None
        self._next = 0
        self._waiting: dict[int, tuple[bytes, float, bool]] = {}
        """Sends without an answer: their frame, when they were due, whether they were repeated."""
        self._greeted: asyncio.Future[None] | None = None
        self._live = False
        """Welcomed, and not dropped since: what is sent meanwhile is repeated at the next welcome."""
        self.rate_limited = 0

    @property
    def under_way(self) -> int:
        return len(self._waiting)

    @property
    def connected(self) -> bool:
        return self._wire is not None and not self._wire.closed.done()

    async def open(self) -> None:
        """Connect and be welcomed; from the second time on resume, and repeat what has no answer.

        Raises GreetingError, OSError.
        """
        hello: dict[str, Any] = {"type": "hello", "token": self._token}
        if self._epoch is not None:
            hello |= {"resume": self._truth.cursor(self.user), "epoch": self._epoch}
        self._live = False
        self._greeted = asyncio.get_running_loop().create_future()
        self._wire = await connect(*self._address, "bussa.v1.msgpack", self._hear, self._source)
        self._wire.transport.write(frame(_encode(hello), binary=True))
        done, _ = await asyncio.wait(
            [self._greeted, self._wire.closed], timeout=GIVE_UP, return_when=asyncio.FIRST_COMPLETED
        )
        if self._greeted not in done:
            code = self._wire.closed.result() if self._wire.closed.done() else "no answer"
            raise GreetingError(f"{self.user} was not welcomed: {code}")
        self._live = True
        for id, (payload, due, _) in list(self._waiting.items()):
            self._waiting[id] = (payload, due, True)
            self._write(payload)

    def send(self, to: str, text: str, nonce: str, due: float) -> None:
        """Send; ``due`` is from when its latency counts."""
        self._next += 1
        payload = _encode({"type": "send", "id": self._next, "to": to, "text": text, "nonce": nonce})
        self._waiting[self._next] = (payload, due, False)
        self._write(payload)

    def block(self, user: str) -> None:
        self._next += 1
        self._write(_encode({"type": "block", "id": self._next, "user": user}))

    def drop(self) -> None:
        """Lose the connection, as a network does."""
        self._live = False
        if self._wire is not None:
            self._wire.transport.abort()

    def close(self) -> None:
        if self._wire is not None:
            self._wire.transport.close()

    def _write(self, payload: bytes) -> None:
        if self._live and self.connected and self._wire is not None:
            self._wire.transport.write(frame(payload, binary=True))

    def _hear(self, wire: Wire, payload: bytes) -> None:
        if wire is not self._wire:
            return  # the last words of a connection that was dropped
        now = time.perf_counter()
        heard = _decode(payload)
        match heard["type"]:
            case "message":
                self._heard_message(heard, now)
            case "sent":
                _, due, again = self._waiting.pop(heard["id"])
                self._truth.sent(self.user, heard["peer"], heard["n"], heard["seq"], again=again)
                self._meter.ack(due, now)
                self._on_answer(self)
            case "error":
                self._heard_error(heard)
            case "welcome":
                self._welcomed(heard)
            case _:
                if "seq" in heard:
                    self._truth.other(self.user, heard["seq"])

    def _heard_message(self, heard: Any, now: float) -> None:
        theirs = self._truth.message(self.user, heard["peer"], heard["from"], heard["n"], heard["seq"])
        if theirs:
            due = due_in(heard["text"])
            if due is not None:
                self._meter.delivery(due, now)
            self._on_message(self, heard["peer"])

    def _heard_error(self, heard: Any) -> None:
        waiting = self._waiting.pop(heard.get("id"), None)
        if waiting is None:
            self._truth.complain(f"{self.user}: {heard['code']}: {heard['message']}")
            return
        if heard["code"] == "not_allowed":
            self._truth.was_refused()
        elif heard["code"] == "rate_limited":
            self.rate_limited += 1
        else:
            self._truth.complain(f"{self.user}: {heard['code']}: {heard['message']}")
        self._on_answer(self)

    def _welcomed(self, heard: Any) -> None:
        assert self._greeted is not None
        if self._epoch is None:
            self._truth.begins(self.user, heard["head"])
        elif not heard["resumed"]:
            self._truth.complain(f"{self.user}: the log does not reach back to {self._truth.cursor(self.user)}")
        self._epoch = heard["epoch"]
        if not self._greeted.done():
            self._greeted.set_result(None)


def stamped(due: float, size: int) -> str:
    """A text that tells when it was due. Both ends are of one machine, and so of one clock."""
    return f"{due:.6f} ".ljust(size, "x")


def due_in(text: str) -> float | None:
    try:
        return float(text.split(" ", 1)[0])
    except ValueError:
        return None
