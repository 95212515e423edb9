"""One Redis server, as one node uses it: a connection to publish, one to subscribe, and proof that both work.

A heartbeat of our own goes out by the one connection and must come back by the other. When it does not, or when a
connection ends, both are made anew, every channel is subscribed again, and then, not before, the link is whole: by
its own account (`on_doubt`) the node then compares the heads of its users with the store, and does so again and
again for as long as the link is not whole. The other nodes hear that envelopes of this one may have been lost
(``torn``), and doubt a node whose heartbeat they miss.
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from typing import Any

from redis.exceptions import RedisError

from bussa_server import telemetry
from bussa_server.adapters.redis.envelopes import Beat, ForeignError, pack_beat, unpack_beat
from bussa_server.adapters.redis.places import Find
from bussa_server.adapters.redis.resp import Resp, pack

BEAT_SECONDS = 0.5
SILENCE_SECONDS = 1.2
"""Two heartbeats missed in a row: something may be wrong between that node and us. What was lost must be found within
2 s, and a comparison follows within 0.7 s (`bussa_server.session.keeping`)."""
DEAD_BEATS = 4
"""So many heartbeats of our own are away, 2 s' worth: begin anew. Counted and not timed: a loop that stood still has
sent none meanwhile, and must not tear what is whole."""
FORGET_SECONDS = 600.0
"""A node that was silent for so long is gone: it was killed, and what it had committed has been found long since."""
CONFIRM_SECONDS = 5.0
RETRY_SECONDS = (0.05, 1.0)
"""The wait before the first try to come back, and the longest one; doubled in between, with jitter."""
WAITING_BYTES = 8 * 1024 * 1024
"""What may wait for a Redis that does not read; past it envelopes are dropped, and the log has them."""
CHANNELS = 1_000
"""Channels subscribed by one command."""


class Link:
    """Belongs to one event loop. Never raises to whoever publishes."""

    def __init__(
        self,
        name: str,
        find: Find,
        prefix: str,
        node: str,
        on_message: Callable[[bytes], None],
        on_doubt: Callable[[], None],
    ) -> None:
        self._name = name
        self._find = find
        self._node = node
        self._beat_channel = f"{prefix}beat".encode()
        self._on_message = on_message
        self._on_doubt = on_doubt
        self._channels: set[bytes] = set()
        """What is watched, subscribed or to be."""
        self._early: set[bytes] = set()
        """Watched before the link was whole, and not confirmed yet: nobody has waited for them."""
        self._confirming: dict[bytes, asyncio.Future[None]] = {}
        self._asked: list[tuple[bool, bytes]] = []
        """What is to be subscribed (True) and unsubscribed at the end of this turn, in its order."""
        self._publisher: Resp | None = None
        self._subscriber: Resp | None = None
        self._heard: dict[str, float] = {}
        """When each node was heard last, this one included."""
        self._away = 0
        """Heartbeats of our own since the last one that came back."""
        self.whole = False
        """Both connections work and every channel is confirmed."""
        self._torn = False
        self._task = asyncio.get_running_loop().create_task(self._live())

    @property
    def in_doubt(self) -> bool:
        """Whether something may be getting lost right now."""
        if not self.whole:
            return True
        now = asyncio.get_running_loop().time()
        for node, heard in list(self._heard.items()):
            if now - heard > FORGET_SECONDS:
                del self._heard[node]
        return any(now - heard > SILENCE_SECONDS for heard in self._heard.values())

    def publish(self, messages: Iterable[tuple[bytes, bytes]]) -> None:
        """Publish (channel, message)s as one write."""
        publisher = self._publisher
        if publisher is None or publisher.waiting > WAITING_BYTES:
            telemetry.bus_dropped(sum(1 for _ in messages))
            self._torn = True
            return
        publisher.write(b"".join([pack(b"PUBLISH", channel, message) for channel, message in messages]))

    def warn(self) -> None:
        """Let the other nodes doubt, from the next heartbeat on."""
        self._torn = True

    async def watch(self, channel: bytes) -> None:
        """Subscribe, if nobody has yet. Returns when that is confirmed, or at once while the link is not whole."""
        if channel not in self._channels:
            self._channels.add(channel)
            if self._subscriber is not None:
                self._confirming[channel] = asyncio.get_running_loop().create_future()
                self._ask(True, channel)
                if not self.whole:
                    self._early.add(channel)
        confirmed = self._confirming.get(channel)
        if confirmed is not None and self.whole:
            try:
                async with asyncio.timeout(CONFIRM_SECONDS):
                    await asyncio.shield(confirmed)
            except TimeoutError:
                self._tear()

    def unwatch(self, channel: bytes) -> None:
        if channel in self._channels:
            self._channels.remove(channel)
            if self._subscriber is not None:
                self._ask(False, channel)

    async def close(self) -> None:
        self.publish([(self._beat_channel, pack_beat(Beat(self._node, "bye")))])
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    # Subscribing.

    def _ask(self, subscribe: bool, channel: bytes) -> None:
        """Everybody who comes in one turn of the loop is subscribed by one command."""
        if not self._asked:
            asyncio.get_running_loop().call_soon(self._send_asked)
        self._asked.append((subscribe, channel))

    def _send_asked(self) -> None:
        asked, self._asked = self._asked, []
        if self._subscriber is None:
            return
        start = 0
        for end in range(1, len(asked) + 1):
            # Runs of the same kind, so that the order of a subscribe and an unsubscribe is kept.
            if end == len(asked) or asked[end][0] != asked[start][0] or end - start == CHANNELS:
                command = b"SUBSCRIBE" if asked[start][0] else b"UNSUBSCRIBE"
                self._subscriber.write(pack(command, *(channel for _, channel in asked[start:end])))
                start = end

    def _receive(self, reply: Any) -> None:
        match reply:
            case [b"message", channel, data]:
                if channel == self._beat_channel:
                    self._hear(data)
                else:
                    self._on_message(data)
            case [b"subscribe", channel, _]:
                confirmed = self._confirming.pop(channel, None)
                if confirmed is not None and not confirmed.done():
                    confirmed.set_result(None)
                early = channel in self._early
                self._early.discard(channel)
                # Confirmed again, unasked: somebody has reconnected in between. Or confirmed only now: its device has
                # read the log already, and perhaps the comparison, too, came before.
                if confirmed is None or (early and self.whole):
                    self._on_doubt()
            case Exception():
                self._tear()
            case _:
                pass

    def _hear(self, data: bytes) -> None:
        try:
            beat = unpack_beat(data)
        except ForeignError:
            telemetry.bus_foreign()
            return
        if beat.kind == "bye":
            self._heard.pop(beat.node, None)
        else:
            self._heard[beat.node] = asyncio.get_running_loop().time()
            if beat.node == self._node:
                self._away = 0
        if beat.kind == "torn" and beat.node != self._node:
            self._on_doubt()

    # Its life.

    async def _live(self) -> None:
        wait = RETRY_SECONDS[0]
        while True:
            try:
                await self._connect()
                wait = RETRY_SECONDS[0]
                await self._beat()
            except (OSError, RedisError) as error:
                telemetry.bus_torn(self._name, error)
            finally:
                self._disconnect()
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(RETRY_SECONDS[1], wait * 2)

    async def _connect(self) -> None:
        """Both connections, and every channel confirmed. Raises OSError, RedisError."""
        place = await self._find()
        subscriber = self._subscriber = await Resp.connect(place, self._receive)
        loop = asyncio.get_running_loop()
        channels = [self._beat_channel, *self._channels]
        self._confirming = {channel: loop.create_future() for channel in channels}
        confirming = list(self._confirming.values())
        for start in range(0, len(channels), CHANNELS):
            subscriber.write(pack(b"SUBSCRIBE", *channels[start : start + CHANNELS]))
        async with asyncio.timeout(CONFIRM_SECONDS):
            await asyncio.wait([asyncio.gather(*confirming), subscriber.lost], return_when=asyncio.FIRST_COMPLETED)
        if subscriber.lost.done():
            raise ConnectionError("the subscribing connection was closed")
        self._publisher = await Resp.connect(place, self._published)
        self._heard = {node: loop.time() for node in self._heard}
        self._heard[self._node] = loop.time()
        # Whatever was under way on the last connection may be lost: the others compare, and so do we.
        self._torn = False
        self._away = 0
        self._send_beat("torn")
        self.whole = True
        telemetry.bus_whole(self._name)
        self._on_doubt()

    async def _beat(self) -> None:
        """Send heartbeats until one does not come back or a connection ends."""
        assert self._publisher is not None
        assert self._subscriber is not None
        ends = [self._publisher.lost, self._subscriber.lost]
        while True:
            self._away += 1
            torn, self._torn = self._torn, False
            self._send_beat("torn" if torn else "alive")
            await asyncio.wait(ends, timeout=BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if any(end.done() for end in ends):
                raise ConnectionError("a connection was closed")
            if self._away >= DEAD_BEATS:
                raise ConnectionError("our own heartbeat does not come back")

    def _send_beat(self, kind: Any) -> None:
        if self._publisher is not None:
            beat = pack_beat(Beat(self._node, kind))
            self._publisher.write(pack(b"PUBLISH", self._beat_channel, beat))

    def _published(self, reply: Any) -> None:
        if isinstance(reply, Exception):
            telemetry.bus_dropped(1)
            self._torn = True

    def _tear(self) -> None:
        """Begin anew: something is not as it should be."""
        if self._subscriber is not None:
            self._subscriber.abort()

    def _disconnect(self) -> None:
        was_whole, self.whole = self.whole, False
        for resp in (self._publisher, self._subscriber):
            if resp is not None:
                resp.abort()
        self._publisher = self._subscriber = None
        for confirmed in self._confirming.values():
            if not confirmed.done():
                confirmed.set_result(None)
        self._confirming = {}
        self._early.clear()
        if was_whole:
            self._on_doubt()
