"""A connection's life: greeting, requests, farewell.

This is where a socket meets everything else, so it only arranges: what is legal is the phase's business, what a
request means the acts', what comes in the intake's, what a device has seen the stream's, what waits the outbox's.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal

from protocol.codec import Codec
from protocol.codes import Close
from protocol.frames import requests
from protocol.limits import HELLO_SECONDS
from server import telemetry
from server.domain.phase import Phase, Ruling, rule
from server.ports.store import Store, Unavailable
from server.session import greeting
from server.session.hub import Hub
from server.session.intake import Intake
from server.session.outbox import Outbox
from server.session.principal import Principal, Tokens, Unauthenticated
from server.session.services import Services
from server.session.socket import Socket
from server.session.stream import LogTooShortError, Stream
from server.session.voice import Voice
from server.session.wire import Wire

Receive = Callable[[], Awaitable[bytes | str | None]]
"""The next frame of a socket: binary, text, or (None) its end."""

LONGEST_TIMER = 86_400.0
"""Seconds: a token may last for years, a timer is set anew every day."""


class Connection:
    """One device. `run` is its whole life; all else is called while that goes on."""

    def __init__(self, services: Services, codec: Codec, socket: Socket, address: str, token: str | None) -> None:
        """``token``: that of the handshake's ``Authorization`` header."""
        self._services = services
        self._codec = codec
        self._socket = socket
        self._address = address
        self._token = token
        self.phase = Phase.GREETING
        self._outbox = Outbox(socket, self._too_slow)
        self._voice = Voice(codec, self._outbox)
        self._intake = Intake(self, services.post, codec, self._voice, services.frames)
        self._stream: Stream | None = None
        self._healing: asyncio.Task[None] | None = None
        self._principal: Principal | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._farewell: Close | None = None

    # What an act may know of its caller.

    @property
    def principal(self) -> Principal:
        assert self._principal is not None
        return self._principal

    @property
    def store(self) -> Store:
        return self._services.store

    @property
    def hub(self) -> Hub:
        return self._services.hub

    @property
    def tokens(self) -> Tokens:
        return self._services.tokens

    def renew(self, principal: Principal) -> None:
        self._principal = principal
        if self._expiry is not None:
            self._expiry.cancel()
        seconds = max(0.0, (principal.expires_at - time.time_ns() // 1_000_000) / 1000)
        self._expiry = asyncio.get_running_loop().call_later(min(seconds, LONGEST_TIMER), self._expire)

    async def reach(self, head: int) -> int:
        assert self._stream is not None
        self._stream.must_reach(head)
        await self.healed()
        return self._stream.cursor

    async def healed(self) -> None:
        while self._healing is not None:
            await asyncio.wait([self._healing])

    async def drained(self) -> None:
        await self._outbox.drained()

    # What the hub tells a device.

    def offer(self, seq: int, wire: Wire) -> None:
        if self._stream is not None:
            self._stream.offer(seq, wire)

    def hint(self, wire: Wire) -> None:
        self._voice.hint(wire)

    def revoked(self, at: int) -> None:
        if self._principal is not None and self._principal.issued_at <= at:
            self.end(Close.TOKEN)

    def check(self, head: int) -> None:
        if self._stream is not None:
            self._stream.must_reach(head)

    # Its life.

    async def run(self, receive: Receive) -> Close | None:
        """Serve until the socket ends; returns the code that the server ended it with, or None."""
        doorman = self._services.doorman
        if not doorman.admit_address(self._address):
            self.end(Close.TOO_MUCH)
            return self._farewell
        try:
            await self._serve(receive)
        except Unavailable:
            # Nothing can be promised to this device now; it comes back and asks again.
            self.end(Close.RESTART)
        finally:
            doorman.release_address(self._address)
            self.phase = Phase.ENDED
            self._outbox.end()
            if self._expiry is not None:
                self._expiry.cancel()
            if self._healing is not None:
                self._healing.cancel()
        return self._farewell

    def quick(self, frame: bytes | str) -> bool:
        """Carry a frame out at once, if nothing must be waited for; else False, and nothing has happened."""
        return self.phase is Phase.OPEN and self._healing is None and self._intake.quick(frame)

    def end(self, code: Close) -> None:
        """Say farewell, once. What was put into the outbox before is sent before, if the peer reads."""
        if self.phase is Phase.ENDED:
            return
        self.phase = Phase.ENDED
        self._farewell = code
        self._outbox.flush()
        self._outbox.end()
        self._socket.close(code, code.reason)
        self._intake.wake()

    async def settle(self) -> None:
        """Take nothing more and wait until every write is answered: before a farewell that is not its fault."""
        self._intake.stop()
        await self._intake.answered()

    async def _serve(self, receive: Receive) -> None:
        hello = await self._greeting(receive)
        if hello is None:
            return
        try:
            principal = await self._services.tokens.who(hello.token or self._token or "")
        except Unauthenticated:
            self.end(Close.TOKEN)
            return
        user, doorman = principal.user, self._services.doorman
        if not doorman.admit_user(user):
            self.end(Close.TOO_MUCH)
            return
        try:
            self.renew(principal)
            self._intake.sends = doorman.budget(user)
            await self._welcome(user, hello)
            while self.phase is Phase.OPEN:
                frame = await receive()
                if frame is None:
                    return
                await self._intake.take(frame)
        finally:
            self._services.hub.leave(user, self)
            doorman.release_user(user)

    async def _greeting(self, receive: Receive) -> requests.Hello | None:
        """The first frame, if it is a ``hello`` and comes in time."""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                frame = await receive()
        except TimeoutError:
            self.end(Close.NO_HELLO)
            return None
        if frame is None:
            return None
        request = self._intake.decode(frame)
        if request is None or rule(self.phase, request) is not Ruling.TAKE:
            # Its fields may have been refused already, which says more; the code says not to repeat it.
            self.end(Close.NOT_PROTOCOL)
            return None
        assert isinstance(request, requests.Hello)
        return request

    async def _welcome(self, user: str, hello: requests.Hello) -> None:
        """Subscribe, then read, then merge by number."""
        # Until the log's head is known the stream takes note of what it is offered and sends nothing.
        self._stream = Stream(user, 0, self._codec, self._outbox, self._services.store, self._heal_soon)
        await self._services.hub.join(user, self)
        # Again, now that a revocation would be told: one may have come in between.
        if hello.token or self._token:
            await self._recheck(hello.token or self._token or "")
        start = await greeting.begin(self._services.store, user, hello)
        if self.phase is Phase.ENDED:
            return
        self.phase = Phase.OPEN
        self._stream.cursor = start.cursor
        self._voice.say(start.welcome)
        self._voice.stream = self._stream
        await self._heal()

    async def _recheck(self, token: str) -> None:
        try:
            await self._services.tokens.who(token)
        except Unauthenticated:
            self.end(Close.TOKEN)

    def _heal_soon(self) -> None:
        if self._healing is None and self.phase is Phase.OPEN:
            self._healing = asyncio.get_running_loop().create_task(self._heal())

    async def _heal(self) -> None:
        assert self._stream is not None
        try:
            await self._intake.answered()
            await self._stream.catch_up()
        except (LogTooShortError, Unavailable):
            # The device comes back, and is told then what it can have.
            self.end(Close.RESTART)
        except Exception as error:  # noqa: BLE001 - a stream that never heals would be missed by nobody
            telemetry.defect("heal", error)
            self.end(Close.RESTART)
        finally:
            self._healing = None

    def _too_slow(self, why: Literal["bytes", "age"]) -> None:
        telemetry.evicted(why)
        self.end(Close.TOO_SLOW)

    def _expire(self) -> None:
        if self.principal.expires_at <= time.time_ns() // 1_000_000:
            self.end(Close.TOKEN)
        else:
            self.renew(self.principal)
