"""The connections of each user on this node, and delivery of events to them.

An event goes to the devices of this node first and is then published on the bus for the other nodes.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

from bussa_protocol.frames import events
from bussa_server.domain.unit_of_work import Entry
from bussa_server.node.encoded_event import EncodedEvent
from bussa_server.ports.bus import Bus, Envelope


class Device(Protocol):
    """A connection, as seen by the hub."""

    def offer(self, seq: int, encoded: EncodedEvent) -> None: ...
    def send_ephemeral(self, encoded: EncodedEvent) -> None:
        """Send an event that is not in the log (typing)."""
        ...

    def revoked(self, at: int) -> None:
        """Tokens of the user issued at or before ``at`` (ms) are revoked."""
        ...

    def expect_head(self, head: int) -> None:
        """The head of the user's log is at least ``head``."""
        ...


class Hub:
    """Belongs to one event loop. Only `join` waits."""

    def __init__(self, bus: Bus, charge_remote_send: Callable[[str], None]) -> None:
        """``charge_remote_send(user)`` is called for each message that the user sent on another node."""
        self._bus = bus
        self._charge_remote_send = charge_remote_send
        self._devices: dict[str, list[Device]] = {}
        self._envelopes: list[Envelope] = []
        self.resync_requested = asyncio.Event()
        """Set when an event may have been lost on the bus. `Maintenance` clears it before it compares heads."""
        bus.listen(self._receive, self.resync_requested.set)

    async def join(self, user: str, device: Device) -> None:
        """Subscribe ``device`` to the events of ``user``. Call it before reading the log."""
        self._devices.setdefault(user, []).append(device)
        await self._bus.subscribe(user)

    def leave(self, user: str, device: Device) -> None:
        devices = self._devices.get(user, [])
        if device in devices:
            devices.remove(device)
            if not devices:
                del self._devices[user]
                self._bus.unsubscribe(user)

    def count(self, user: str) -> int:
        """The number of connections of ``user`` on this node."""
        return len(self._devices.get(user, ()))

    @property
    def has_other_nodes(self) -> bool:
        """Whether there are other nodes."""
        return self._bus.has_other_nodes

    @property
    def may_have_lost(self) -> bool:
        """Whether the bus may be losing events right now."""
        return self._bus.may_have_lost

    @property
    def users(self) -> list[str]:
        """The users connected to this node."""
        return list(self._devices)

    def devices(self) -> Iterator[Device]:
        for devices in list(self._devices.values()):
            yield from list(devices)

    def deliver(self, entry: Entry, origin: object) -> None:
        """Deliver an event committed on this node, except to ``origin``, the connection that gets a reply for it."""
        encoded = EncodedEvent(entry.event)
        seq = entry.event.seq
        for device in self._devices.get(entry.user, ()):
            if device is not origin:
                device.offer(seq, encoded)
        if self._bus.has_other_nodes:
            charge_sender = isinstance(entry.event, events.MessageEvent) and entry.event.sender == entry.user
            self._envelopes.append(
                Envelope(entry.user, seq, encoded.json, encoded.msgpack, charge_sender=charge_sender)
            )

    def deliver_ephemeral(self, user: str, event: events.TypingEvent) -> None:
        """Deliver an event that is not logged: devices that are offline miss it."""
        encoded = EncodedEvent(event)
        for device in self._devices.get(user, ()):
            device.send_ephemeral(encoded)
        if self._bus.has_other_nodes:
            self._bus.publish([Envelope(user, None, encoded.json, encoded.msgpack)])

    def revoke(self, user: str, at: int) -> None:
        """Close the connections of tokens issued at or before ``at`` (ms), on every node."""
        for device in list(self._devices.get(user, ())):
            device.revoked(at)
        if self._bus.has_other_nodes:
            self._bus.publish([Envelope(user, None, b"", b"", at)])

    def publish(self) -> None:
        """Publish on the bus what was delivered since the last call."""
        if self._envelopes:
            envelopes, self._envelopes = self._envelopes, []
            self._bus.publish(envelopes)

    def request_resync(self) -> None:
        """Have every node compare heads: an event may have been committed here and never published."""
        self.resync_requested.set()
        self._bus.announce_loss()

    def compare_heads(self, heads: dict[str, int], revoked: dict[str, int]) -> None:
        """Compare devices with heads and revocations freshly read: a device that is behind catches up."""
        for user, at in revoked.items():
            for device in list(self._devices.get(user, ())):
                device.revoked(at)
        for user, head in heads.items():
            for device in list(self._devices.get(user, ())):
                device.expect_head(head)

    def _receive(self, envelope: Envelope) -> None:
        devices = self._devices.get(envelope.user)
        if not devices:
            return
        if envelope.charge_sender:
            self._charge_remote_send(envelope.user)
        encoded = EncodedEvent.from_encoded(envelope.json, envelope.msgpack)
        for device in list(devices):
            if envelope.revoked_at is not None:
                device.revoked(envelope.revoked_at)
            elif envelope.seq is None:
                device.send_ephemeral(encoded)
            else:
                device.offer(envelope.seq, encoded)
