"""A device as light as can be, which survives whatever happens to its node.

It asks until it is answered: it comes back to the next node, resumes, and asks again, a send under its nonce. What
it hears it writes down, and holds it to what the contract promises: no seq left out or doubled, one reply a request.
"""

import asyncio
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack

from tests.failure.wire import Wire
from tests.scenes.serving import SECONDS, Server, sign

Frame = dict[str, Any]

IMPATIENCE = 3.0
"""Seconds without an answer after which a device tries another node: what it asked may still be carried out."""


@dataclass
class Ask:
    fields: Frame
    answered: "asyncio.Future[Frame]"
    again: bool = False
    since: float = 0.0


class Phone:
    """A device of ``user``; `live` is its life."""

    def __init__(
        self,
        user: str,
        nodes: Sequence[Server],
        first: int,
        fault: Callable[[str], None],
        gate: asyncio.Semaphore | None = None,
    ) -> None:
        """``first``: which of the nodes is tried first. ``gate``: how many greet at once."""
        self.user = user
        self.log: dict[int, Frame] = {}
        """Each seq, as an event or as the reply that stood in its place, with the text that was sent."""
        self.cursor: int | None = None
        self.hints: list[Frame] = []
        self.farewells: list[int] = []
        self.welcomes: list[Frame] = []
        self.refused_greetings = 0
        self.stay = False
        """Only ever come back to the same node."""
        self.grew = asyncio.Event()
        """Set whenever something was heard; whoever waits clears it."""
        self._nodes = nodes
        self._node = first
        self._fault = fault
        self._gate = gate or asyncio.Semaphore()
        self._epoch: str | None = None
        self._asks: dict[int, Ask] = {}
        self._ids = itertools.count(1)
        self._wire: Wire | None = None
        self._greeted: asyncio.Future[None] | None = None
        self.task = asyncio.create_task(self._live())

    @property
    def live(self) -> bool:
        return self._greeted is not None and self._greeted.done() and not self._greeted.cancelled()

    async def greeted(self) -> "Phone":
        await self.heard(lambda: self.live)
        return self

    async def heard(self, condition: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Wait until what was heard fulfils ``condition``. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not condition():
                self.grew.clear()
                await self.grew.wait()

    async def ask(self, type: str, **fields: Any) -> Frame:
        """A request and its reply, however many connections that takes. It must be safe to repeat."""
        return await self.submit(type, **fields)

    def submit(self, type: str, **fields: Any) -> "asyncio.Future[Frame]":
        number = next(self._ids)
        answered: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._asks[number] = Ask({"type": type, "id": number, **fields}, answered)
        self._say(number)
        return answered

    def typing(self, peer: str) -> None:
        assert self._wire is not None
        self._wire.write({"type": "typing", "peer": peer})

    def move(self) -> None:
        """Lose the connection, and try the next node first."""
        self._turn()
        if self._wire is not None:
            self._wire.transport.abort()

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _live(self) -> None:
        try:
            while True:
                try:
                    async with self._gate, asyncio.timeout(IMPATIENCE):
                        wire = await self._greet()
                    self.farewells.append(await self._stay_on(wire))
                except (OSError, TimeoutError):
                    self.refused_greetings += 1
                    self._turn()
                finally:
                    if self._wire is not None:
                        self._wire.transport.abort()
                        self._wire = None
                    self._greeted = None
                # Nothing tells when a server is back; and not everybody at once.
                await asyncio.sleep(random.uniform(0.02, 0.2))
        except Exception as error:
            self._fault(f"{self.user}: {error!r}")
            raise

    def _turn(self) -> None:
        if not self.stay:
            self._node += 1

    async def _greet(self) -> Wire:
        port = self._nodes[self._node % len(self._nodes)].port
        hello: Frame = {"type": "hello", "token": sign(self.user)}
        if self.cursor is not None:
            hello |= {"resume": self.cursor, "epoch": self._epoch}
        greeted = self._greeted = asyncio.get_running_loop().create_future()
        wire = self._wire = await Wire.connect(port, self._hear)
        wire.write(hello)
        await asyncio.wait([greeted, wire.closed], return_when=asyncio.FIRST_COMPLETED)
        if not greeted.done():
            raise ConnectionError(f"no welcome but {wire.closed.result()}")
        return wire

    async def _stay_on(self, wire: Wire) -> int:
        """Until the end of the connection, or of our patience."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.wait([wire.closed], timeout=IMPATIENCE / 3)
            if wire.closed.done():
                self._turn()
                return wire.closed.result()
            if any(ask.since < clock() - IMPATIENCE for ask in self._asks.values()):
                raise TimeoutError

    def _say(self, number: int) -> None:
        if self._wire is not None and self.live and number in self._asks:
            ask = self._asks[number]
            ask.since = asyncio.get_running_loop().time()
            self._wire.write(ask.fields)

    def _say_again(self, number: int, wire: Wire) -> None:
        if number in self._asks and wire is self._wire:
            self._asks[number].again = True
            self._say(number)

    def _hear(self, wire: Wire, payload: bytes) -> None:
        if wire is not self._wire:
            return  # the last words of a connection that was given up
        heard: Frame = msgpack.unpackb(payload)
        number = heard.get("id")
        if heard["type"] == "welcome":
            self._welcomed(heard, wire)
        elif number is not None:
            self._answered(number, heard, wire)
        elif "seq" in heard:
            self._enter(heard)
        elif heard["type"] == "error":
            self._fault(f"{self.user}: {heard}")
        else:
            self.hints.append(heard)
        self.grew.set()

    def _welcomed(self, heard: Frame, wire: Wire) -> None:
        if self.cursor is None:
            self.cursor = heard["head"]
        elif not heard["resumed"]:
            self._fault(f"{self.user}: the log does not reach back to {self.cursor}")
        self._epoch = heard["epoch"]
        self.welcomes.append(heard)
        assert self._greeted is not None
        self._greeted.set_result(None)
        # In this very turn: whoever asks from the next one on is not to be said twice.
        for number in list(self._asks):
            self._say_again(number, wire)

    def _answered(self, number: int, heard: Frame, wire: Wire) -> None:
        ask = self._asks.get(number)
        if ask is None:
            self._fault(f"{self.user}: a reply that was not asked for, or a second one: {heard}")
            return
        if heard.get("code") == "unavailable":
            asyncio.get_running_loop().call_later(0.1, self._say_again, number, wire)
            return
        del self._asks[number]
        if "seq" in heard and not (ask.again and heard["seq"] <= (self.cursor or 0)):
            self._enter(heard | {"from": self.user, "text": ask.fields.get("text")})
        if not ask.answered.done():
            ask.answered.set_result(heard)

    def _enter(self, heard: Frame) -> None:
        seq = heard["seq"]
        if self.cursor is None or seq != self.cursor + 1:
            self._fault(f"{self.user}: seq {seq} after {self.cursor}: {heard['type']}")
        self.cursor = seq
        self.log[seq] = heard
