"""One node's use of one Redis server: a publishing and a subscribing connection, with heartbeats through both.

The node publishes a heartbeat on the one connection and must receive it on the other. If it does not come back, or a
connection ends, both are reopened and every channel is subscribed again; only then is the server ``connected`` again.
`on_resync` then makes the node compare the heads of its users with the store, and while the server is not connected,
`may_have_lost` makes it repeat that. A ``torn`` heartbeat tells the other nodes that envelopes of this node may have
been lost; they also resync while a node's heartbeats are missing.
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from typing import Any

from redis.exceptions import RedisError

from bussa_server import telemetry
from bussa_server.adapters.redis.discovery import Resolver
from bussa_server.adapters.redis.envelopes import Heartbeat, InvalidPayloadError, decode_heartbeat, encode_heartbeat
from bussa_server.adapters.redis.redis_protocol import RedisProtocol, pack_command

HEARTBEAT_SECONDS = 0.5
HEARTBEAT_TIMEOUT_SECONDS = 1.2
"""Two missed heartbeats of another node: its envelopes may be getting lost. Losses must be found within 2 s, and a
comparison of heads follows within 0.7 s (`bussa_server.session.maintenance`)."""
MAX_MISSED_HEARTBEATS = 4
"""Missed heartbeats of our own (2 s) before a reset. Counted, not timed: a stalled event loop sends none meanwhile,
and must not reset a working connection."""
NODE_EXPIRY_SECONDS = 600.0
"""A node that was silent for so long was killed; its commits have been found long ago."""
SUBSCRIBE_TIMEOUT_SECONDS = 5.0
RECONNECT_DELAY_SECONDS = (0.05, 1.0)
"""The first and the longest reconnect delay; doubled in between, with jitter."""
MAX_BUFFERED_BYTES = 8 * 1024 * 1024
"""The write buffer for a Redis that does not read. Beyond it envelopes are dropped; the log has their events."""
CHANNELS_PER_COMMAND = 1_000
"""Channels per SUBSCRIBE or UNSUBSCRIBE command."""


class PubSubConnection:
    """Belongs to one event loop. `publish` never raises."""

    def __init__(
        self,
        name: str,
        resolve: Resolver,
        prefix: str,
        node: str,
        on_message: Callable[[bytes], None],
        on_resync: Callable[[], None],
    ) -> None:
        self._name = name
        self._resolve = resolve
        self._node = node
        self._heartbeat_channel = f"{prefix}beat".encode()
        self._on_message = on_message
        self._on_resync = on_resync
        self._channels: set[bytes] = set()
        """The wanted channels, subscribed or about to be."""
        self._added_while_connecting: set[bytes] = set()
        """Added while not connected, and not confirmed yet: `subscribe` returned without waiting for them."""
        self._pending_confirmations: dict[bytes, asyncio.Future[None]] = {}
        self._queued: list[tuple[bool, bytes]] = []
        """Channels to subscribe (True) and unsubscribe at the end of this loop iteration, in order."""
        self._publisher: RedisProtocol | None = None
        self._subscriber: RedisProtocol | None = None
        self._last_heard: dict[str, float] = {}
        """The time of the last heartbeat of each node, this one included."""
        self._missed_heartbeats = 0
        """Heartbeats of our own since the last one that came back."""
        self.connected = False
        """Both connections work, and the channels wanted when they were opened are confirmed."""
        self._loss_unannounced = False
        self._task = asyncio.get_running_loop().create_task(self._run())

    @property
    def may_have_lost(self) -> bool:
        """Whether envelopes may be getting lost right now."""
        if not self.connected:
            return True
        now = asyncio.get_running_loop().time()
        for node, heard in list(self._last_heard.items()):
            if now - heard > NODE_EXPIRY_SECONDS:
                del self._last_heard[node]
        return any(now - heard > HEARTBEAT_TIMEOUT_SECONDS for heard in self._last_heard.values())

    def publish(self, messages: Iterable[tuple[bytes, bytes]]) -> None:
        """Publish (channel, message) pairs in one write."""
        publisher = self._publisher
        if publisher is None or publisher.buffered_bytes > MAX_BUFFERED_BYTES:
            telemetry.redis_messages_dropped(sum(1 for _ in messages))
            self._loss_unannounced = True
            return
        publisher.write(b"".join([pack_command(b"PUBLISH", channel, message) for channel, message in messages]))

    def announce_loss(self) -> None:
        """Make the other nodes resync, with the next heartbeat."""
        self._loss_unannounced = True

    async def subscribe(self, channel: bytes) -> None:
        """Subscribe, unless subscribed already. Returns when that is confirmed, or at once while not connected."""
        if channel not in self._channels:
            self._channels.add(channel)
            if self._subscriber is not None:
                self._pending_confirmations[channel] = asyncio.get_running_loop().create_future()
                self._enqueue(True, channel)
                if not self.connected:
                    self._added_while_connecting.add(channel)
        confirmed = self._pending_confirmations.get(channel)
        if confirmed is not None and self.connected:
            try:
                async with asyncio.timeout(SUBSCRIBE_TIMEOUT_SECONDS):
                    await asyncio.shield(confirmed)
            except TimeoutError:
                self._reset()

    def unsubscribe(self, channel: bytes) -> None:
        if channel in self._channels:
            self._channels.remove(channel)
            if self._subscriber is not None:
                self._enqueue(False, channel)

    async def close(self) -> None:
        self.publish([(self._heartbeat_channel, encode_heartbeat(Heartbeat(self._node, "bye")))])
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    # Subscribing.

    def _enqueue(self, subscribe: bool, channel: bytes) -> None:
        """Batch the changes of one loop iteration into as few commands as possible."""
        if not self._queued:
            asyncio.get_running_loop().call_soon(self._flush_queued)
        self._queued.append((subscribe, channel))

    def _flush_queued(self) -> None:
        queued, self._queued = self._queued, []
        if self._subscriber is None:
            return
        start = 0
        for end in range(1, len(queued) + 1):
            # Runs of the same kind, so that the order of a subscribe and an unsubscribe is kept.
            if end == len(queued) or queued[end][0] != queued[start][0] or end - start == CHANNELS_PER_COMMAND:
                command = b"SUBSCRIBE" if queued[start][0] else b"UNSUBSCRIBE"
                self._subscriber.write(pack_command(command, *(channel for _, channel in queued[start:end])))
                start = end

    def _on_reply(self, reply: Any) -> None:
        match reply:
            case [b"message", channel, data]:
                if channel == self._heartbeat_channel:
                    self._on_heartbeat(data)
                else:
                    self._on_message(data)
            case [b"subscribe", channel, _]:
                confirmed = self._pending_confirmations.pop(channel, None)
                if confirmed is not None and not confirmed.done():
                    confirmed.set_result(None)
                added_while_connecting = channel in self._added_while_connecting
                self._added_while_connecting.discard(channel)
                # A repeated confirmation: something in between has reconnected. Or a late one: the device has read the
                # log before the subscription was active, and maybe the comparison of heads was too early as well.
                if confirmed is None or (added_while_connecting and self.connected):
                    self._on_resync()
            case Exception():
                self._reset()
            case _:
                pass

    def _on_heartbeat(self, data: bytes) -> None:
        try:
            heartbeat = decode_heartbeat(data)
        except InvalidPayloadError:
            telemetry.redis_message_invalid()
            return
        if heartbeat.kind == "bye":
            self._last_heard.pop(heartbeat.node, None)
        else:
            self._last_heard[heartbeat.node] = asyncio.get_running_loop().time()
            if heartbeat.node == self._node:
                self._missed_heartbeats = 0
        if heartbeat.kind == "torn" and heartbeat.node != self._node:
            self._on_resync()

    # Connecting, heartbeats, reconnecting.

    async def _run(self) -> None:
        wait = RECONNECT_DELAY_SECONDS[0]
        while True:
            try:
                await self._connect()
                wait = RECONNECT_DELAY_SECONDS[0]
                await self._send_heartbeats()
            except (OSError, RedisError) as error:
                telemetry.redis_disconnected(self._name, error)
            finally:
                self._disconnect()
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(RECONNECT_DELAY_SECONDS[1], wait * 2)

    async def _connect(self) -> None:
        """Open both connections and get every channel confirmed. Raises OSError, RedisError."""
        address = await self._resolve()
        subscriber = self._subscriber = await RedisProtocol.connect(address, self._on_reply)
        loop = asyncio.get_running_loop()
        channels = [self._heartbeat_channel, *self._channels]
        self._pending_confirmations = {channel: loop.create_future() for channel in channels}
        confirmations = list(self._pending_confirmations.values())
        for start in range(0, len(channels), CHANNELS_PER_COMMAND):
            subscriber.write(pack_command(b"SUBSCRIBE", *channels[start : start + CHANNELS_PER_COMMAND]))
        async with asyncio.timeout(SUBSCRIBE_TIMEOUT_SECONDS):
            await asyncio.wait([asyncio.gather(*confirmations), subscriber.closed], return_when=asyncio.FIRST_COMPLETED)
        if subscriber.closed.done():
            raise ConnectionError("subscribing connection closed")
        self._publisher = await RedisProtocol.connect(address, self._on_publish_reply)
        self._last_heard = {node: loop.time() for node in self._last_heard}
        self._last_heard[self._node] = loop.time()
        # Envelopes in flight on the last connection may be lost: this node and the others compare heads.
        self._loss_unannounced = False
        self._missed_heartbeats = 0
        self._send_heartbeat("torn")
        self.connected = True
        telemetry.redis_connected(self._name)
        self._on_resync()

    async def _send_heartbeats(self) -> None:
        """Send heartbeats until one does not come back or a connection ends."""
        assert self._publisher is not None
        assert self._subscriber is not None
        ends = [self._publisher.closed, self._subscriber.closed]
        while True:
            self._missed_heartbeats += 1
            loss, self._loss_unannounced = self._loss_unannounced, False
            self._send_heartbeat("torn" if loss else "alive")
            await asyncio.wait(ends, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if any(end.done() for end in ends):
                raise ConnectionError("connection closed")
            if self._missed_heartbeats >= MAX_MISSED_HEARTBEATS:
                raise ConnectionError("heartbeat timeout")

    def _send_heartbeat(self, kind: Any) -> None:
        if self._publisher is not None:
            heartbeat = encode_heartbeat(Heartbeat(self._node, kind))
            self._publisher.write(pack_command(b"PUBLISH", self._heartbeat_channel, heartbeat))

    def _on_publish_reply(self, reply: Any) -> None:
        if isinstance(reply, Exception):
            telemetry.redis_messages_dropped(1)
            self._loss_unannounced = True

    def _reset(self) -> None:
        """Abort the connection; `_run` reconnects."""
        if self._subscriber is not None:
            self._subscriber.abort()

    def _disconnect(self) -> None:
        was_connected, self.connected = self.connected, False
        for protocol in (self._publisher, self._subscriber):
            if protocol is not None:
                protocol.abort()
        self._publisher = self._subscriber = None
        for confirmed in self._pending_confirmations.values():
            if not confirmed.done():
                confirmed.set_result(None)
        self._pending_confirmations = {}
        self._added_while_connecting.clear()
        if was_connected:
            self._on_resync()
