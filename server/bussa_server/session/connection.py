"""A connection's life: greeting, requests, farewell.

This is where a socket meets everything else, so it only arranges: what is legal is the phase's business, what a
request means the acts', what comes in the intake's, what a device has seen the stream's, what waits the outbox's.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Literal

from bussa_protocol.codec import Codec
from bussa_protocol.codes import Close
from bussa_protocol.frames import requests
from bussa_protocol.limits import HELLO_SECONDS
from bussa_server import telemetry
from bussa_server.domain.phase import Phase, Ruling, rule
from bussa_server.ports.store import LOG_PAGE, LogPage, Store, Unavailable
from bussa_server.session import greeting
from bussa_server.session.hub import Hub
from bussa_server.session.inbox import Inbox
from bussa_server.session.intake import Intake
from bussa_server.session.outbox import Outbox
from bussa_server.session.principal import Principal, Tokens, Unauthenticated, must_stand
from bussa_server.session.services import Services
from bussa_server.session.socket import Frame, Socket
from bussa_server.session.stream import LogTooShortError, Stream
from bussa_server.session.voice import Voice
from bussa_server.session.wire import Wire

LONGEST_TIMER = 86_400.0
"""Seconds: a token may last for years, a timer is set anew every day."""


class Connection:
    """One device, from its first frame to its end. `begin` it; all else follows from what its socket hands over.

    There is a task of it only while something is waited for (`Inbox`). Most connections sleep, most of the time.
    """

    __slots__ = (
        "_address",
        "_address_counted",
        "_farewell",
        "_healing",
        "_inbox",
        "_intake",
        "_on_end",
        "_outbox",
        "_principal",
        "_services",
        "_socket",
        "_stream",
        "_timer",
        "_token",
        "_user_counted",
        "_voice",
        "phase",
    )

    def __init__(self, services: Services, codec: Codec, socket: Socket, address: str, token: str | None) -> None:
        """``token``: that of the handshake's ``Authorization`` header."""
        self._services = services
        self._socket = socket
        self._address = address
        self._address_counted = self._user_counted = False
        self._token = token
        self.phase = Phase.GREETING
        self._outbox = Outbox(socket, self._too_slow)
        self._voice = Voice(codec, self._outbox)
        self._intake = Intake(self, services.post, codec, self._voice, services.frames)
        self._inbox = Inbox(self, socket)
        self._stream: Stream | None = None
        self._healing: asyncio.Task[None] | None = None
        self._principal: Principal | None = None
        self._timer: asyncio.TimerHandle | None = None
        """First for the ``hello``, then for the token."""
        self._farewell: Close | None = None
        self._on_end: Callable[[Connection], None] | None = None

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
        seconds = max(0.0, (principal.expires_at - time.time_ns() // 1_000_000) / 1000)
        self._set_timer(min(seconds, LONGEST_TIMER), self._expire)

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

    def begin(self, on_end: "Callable[[Connection], None]") -> None:
        """Serve until the socket ends; then ``on_end`` is called, once."""
        self._on_end = on_end
        self._socket.on_frame(self._inbox.put)
        self._address_counted = self._services.doorman.admit_address(self._address)
        if self._address_counted:
            self._set_timer(HELLO_SECONDS, self._socket.unless_heard, lambda: self.end(Close.NO_HELLO))
        else:
            self.end(Close.TOO_MUCH)

    @property
    def ended_by(self) -> Close | None:
        """The code that the server ended it with; None: the client has left."""
        return self._farewell

    @property
    def left(self) -> int:
        """The code that the socket has ended with."""
        return self._socket.left

    def quick(self, frame: bytes | str) -> bool:
        """Carry a frame out at once, if nothing must be waited for; else False, and nothing has happened."""
        return self.phase is Phase.OPEN and self._healing is None and self._intake.quick(frame)

    async def take(self, frame: Frame) -> None:
        """Carry a frame out; the frames before it have been."""
        try:
            if frame is None:
                self._finish()
            elif self.phase is Phase.GREETING:
                await self._greet(frame)
            elif self.phase is Phase.OPEN:
                await self._intake.take(frame)
        except Unavailable:
            # Nothing can be promised to this device now; it comes back and asks again.
            self.end(Close.RESTART)
        except Exception as error:  # noqa: BLE001 - the last line of one connection: the others must not feel it
            telemetry.defect("connection", error)
            self._socket.close(1011, "internal error")
            self._finish()
        except BaseException:
            self._finish()
            raise

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

    def _finish(self) -> None:
        """Nothing of it is left behind."""
        on_end, self._on_end = self._on_end, None
        if on_end is None:
            return
        self.phase = Phase.ENDED
        self._inbox.end()
        self._outbox.end()
        self._stop_timer()
        if self._healing is not None:
            self._healing.cancel()
        doorman = self._services.doorman
        if self._address_counted:
            doorman.release_address(self._address)
        if self._principal is not None:
            self._services.hub.leave(self._principal.user, self)
            if self._user_counted:
                doorman.release_user(self._principal.user)
        on_end(self)
        if not self._intake.busy:
            # What refers to each other is freed only when garbage is looked for: seldom, and everybody waits for it.
            self._stream = self._voice.stream = None
            del self._intake

    async def _greet(self, frame: bytes | str) -> None:
        """Take the first frame, which must be a ``hello``."""
        self._stop_timer()
        request = self._intake.decode(frame)
        if request is None or rule(self.phase, request) is not Ruling.TAKE:
            # Its fields may have been refused already, which says more; the code says not to repeat it.
            self.end(Close.NOT_PROTOCOL)
            return
        assert isinstance(request, requests.Hello)
        token, self._token = request.token or self._token or "", None
        try:
            await self._welcome(await self._services.tokens.read(token), request)
        except Unauthenticated:
            self.end(Close.TOKEN)

    async def _welcome(self, principal: Principal, hello: requests.Hello) -> None:
        """Subscribe, then read, then merge by number.

        A revocation is told to whoever has subscribed, and the store is asked after that: so none is missed.
        """
        user, services = principal.user, self._services
        self.renew(principal)
        # Until the log's head is known the stream takes note of what it is offered and sends nothing.
        self._stream = Stream(user, 0, self._intake.codec, self._outbox, services.store, self._heal_soon)
        await services.hub.join(user, self)
        after = greeting.reads_after(services.store.epoch, hello)
        arrival = await services.store.arrival(user, after, LOG_PAGE)
        must_stand(principal, None if arrival is None else arrival.revoked_at)
        if self.phase is Phase.ENDED or arrival is None:
            return
        self._user_counted = services.doorman.admit_user(user)
        if not self._user_counted:
            self.end(Close.TOO_MUCH)
            return
        self._intake.sends = services.doorman.budget(user)
        start = greeting.begin(services.store.epoch, user, hello, arrival.page)
        self.phase = Phase.OPEN
        self._stream.cursor = start.cursor
        self._voice.say(start.welcome)
        self._voice.stream = self._stream
        await self._heal(arrival.page)

    def _heal_soon(self) -> None:
        if self._healing is None and self.phase is Phase.OPEN:
            self._healing = asyncio.get_running_loop().create_task(self._heal())

    async def _heal(self, known: LogPage | None = None) -> None:
        assert self._stream is not None
        try:
            await self._intake.answered()
            await self._stream.catch_up(known)
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

    def _set_timer(self, seconds: float, callback: Callable[..., None], *args: object) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, callback, *args)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
