"""What a connection receives: frames in, one after the other; each is decoded, weighed and carried out.

A write goes to the post without waiting for the one before it; anything that asks waits until the writes before
it are answered. So requests are carried out in the order sent, and a client may send ahead.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from bussa_protocol.codec import Codec, FrameError
from bussa_protocol.codes import Close, Code
from bussa_protocol.frames import Request, replies, requests
from bussa_server.domain.book import Refusal, Result
from bussa_server.domain.phase import Phase, Ruling, rule
from bussa_server.domain.throttle import Bucket, Rate
from bussa_server.ports.store import Unavailable
from bussa_server.session.acts import ACTS, Ask, Caller, Write
from bussa_server.session.post import Post
from bussa_server.session.voice import Voice

UNDER_WAY = 256
"""Writes of one connection that may wait for the post; then its frames wait in its socket."""


class Host(Caller, Protocol):
    """The connection, as its intake sees it."""

    @property
    def phase(self) -> Phase: ...

    def end(self, code: Close) -> None: ...

    async def healed(self) -> None:
        """Wait until the stream is live."""
        ...

    async def drained(self) -> None:
        """Wait until the peer has taken what it was told."""
        ...


class Intake:
    __slots__ = (
        "_frames",
        "_host",
        "_idle",
        "_patience",
        "_post",
        "_stopped",
        "_under_way",
        "_voice",
        "codec",
        "sends",
    )

    def __init__(self, host: Host, post: Post, codec: Codec, voice: Voice, frames: Rate) -> None:
        self._host = host
        self._post = post
        self.codec = codec
        self._voice = voice
        now = time.monotonic()
        self._frames = Bucket(frames, now)
        self._patience = Bucket(frames, now)
        self.sends = self._frames
        """What messages are charged to: the user's own bucket, once it is known who it is."""
        self._under_way = 0
        self._stopped = False
        self._idle: asyncio.Event | None = None

    def decode(self, frame: bytes | str) -> Request | None:
        """The request in a frame; None if there is none, and then that was answered."""
        if isinstance(frame, str) is self.codec.binary:
            self._host.end(Close.WRONG_KIND)
            return None
        try:
            return self.codec.decode(frame)  # pyright: ignore[reportArgumentType] - msgspec reads JSON from a str
        except FrameError as error:
            if error.undecodable:
                self._host.end(Close.NOT_PROTOCOL)
            else:
                self._voice.refuse(error.id, Code.BAD_REQUEST, str(error))
            return None

    def quick(self, frame: bytes | str) -> bool:
        """Carry out a write for which nothing must be waited; else False, and nothing has happened.

        The connection has nothing else in hand then: it sleeps, and its stream is live.
        """
        if self._stopped or self._under_way >= UNDER_WAY or isinstance(frame, str) is self.codec.binary:
            return False
        try:
            request = self.codec.decode(frame)  # pyright: ignore[reportArgumentType] - as in `decode`
        except FrameError:
            return False
        act = ACTS.get(type(request))
        if not isinstance(act, Write):
            return False
        budget = self.sends if isinstance(request, requests.Send) else self._frames
        if budget.take(time.monotonic()):
            return False
        self._write(act, request)
        return True

    async def take(self, frame: bytes | str) -> None:
        """Carry out the request in ``frame``, or say why not."""
        if self._stopped:
            return
        now = time.monotonic()
        request = self.decode(frame)
        budget = self.sends if isinstance(request, requests.Send) else self._frames
        wait = budget.take(now)
        if wait:
            self._limit(request, wait, now)
            return
        if request is None:
            return
        if rule(self._host.phase, request) is not Ruling.TAKE:
            self._voice.refuse(None, Code.BAD_REQUEST, "`hello` is said once")
            return
        act = ACTS[type(request)]
        if isinstance(act, Write):
            if self._under_way >= UNDER_WAY:
                await self.answered()
            # While the stream heals, a reply must not be under way: it could come too late for its place.
            await self._host.healed()
            self._write(act, request)
        else:
            await self.answered()
            await self._host.healed()
            # Pages are large: who asks for them faster than it reads waits, and is not taken for a slow reader.
            await self._host.drained()
            await self._ask(act, request)

    @property
    def busy(self) -> bool:
        """Whether a write is not answered yet."""
        return self._under_way > 0

    async def answered(self) -> None:
        """Wait until every write is answered. Returns at once after the end of the connection."""
        while self._under_way and self._host.phase is Phase.OPEN:
            if self._idle is None:
                self._idle = asyncio.Event()
            await self._idle.wait()

    def stop(self) -> None:
        """Take no further request: so that `answered` comes to an end, however busy the client is."""
        self._stopped = True

    def wake(self) -> None:
        """Let go whoever waits for answers."""
        if self._idle is not None:
            self._idle.set()
            self._idle = None

    def _limit(self, request: Request | None, wait: float, now: float) -> None:
        """Over a limit: said so, and far over it the end."""
        if self._patience.take(now):
            self._host.end(Close.TOO_MUCH)
        elif isinstance(request, requests.Asked):
            self._voice.refuse(request.id, Code.RATE_LIMITED, "too fast", retry_after=round(wait, 3))

    def _write(self, act: Write, request: Any) -> None:
        if self._stopped or self._host.phase is not Phase.OPEN:
            return  # it ended while this waited for its turn

        def answer(result: Result | Unavailable) -> None:
            self._under_way -= 1
            if isinstance(result, Refusal):
                self._voice.refuse(request.id, result.code, result.message)
            elif isinstance(result, Unavailable):
                self._voice.unavailable(request.id)
            else:
                self._voice.reply(act.reply(request, result))
            if not self._under_way:
                self.wake()

        self._under_way += 1
        self._post.submit(act.command(self._host.principal.user, request), self._host, answer)

    async def _ask(self, act: Ask, request: Any) -> None:
        answer: Callable[[Caller, Any], Awaitable[replies.Reply | None]] = act.answer
        try:
            reply = await answer(self._host, request)
        except Unavailable:
            if isinstance(request, requests.Asked):
                self._voice.unavailable(request.id)
            return
        if isinstance(reply, replies.Error):
            self._voice.refuse(reply.id, reply.code, reply.message)
        elif reply is not None:
            self._voice.say(reply)
