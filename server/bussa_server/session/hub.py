"""Which connections a user has on this node, and how events get to them.

Every event goes to the devices here first and is then handed to the bus, for the other nodes.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

from bussa_protocol.frames import events
from bussa_server.domain.book import Entry
from bussa_server.ports.bus import Bus, Envelope
from bussa_server.session.wire import Wire


class Device(Protocol):
    """A connection, as the hub sees it."""

    def offer(self, seq: int, wire: Wire) -> None: ...
    def hint(self, wire: Wire) -> None:
        """A fleeting event."""
        ...

    def revoked(self, at: int) -> None:
        """Tokens of the user issued at or before ``at`` (ms) are void."""
        ...

    def check(self, head: int) -> None:
        """The user's log is known to reach ``head``."""
        ...


class Hub:
    """Belongs to one event loop. Nothing here waits, but for `join`."""

    def __init__(self, bus: Bus, spent: Callable[[str], None]) -> None:
        """``spent(user)``: the user has written a message on another node."""
        self._bus = bus
        self._spent = spent
        self._devices: dict[str, list[Device]] = {}
        self._envelopes: list[Envelope] = []
        self.doubted = asyncio.Event()
        """Set when something may have been lost on the bus; whoever has compared the heads clears it."""
        bus.listen(self._receive, self.doubted.set)

    async def join(self, user: str, device: Device) -> None:
        """From now on ``device`` gets what happens to ``user``: call it before the log is read."""
        self._devices.setdefault(user, []).append(device)
        await self._bus.watch(user)

    def leave(self, user: str, device: Device) -> None:
        devices = self._devices.get(user, [])
        if device in devices:
            devices.remove(device)
            if not devices:
                del self._devices[user]
                self._bus.unwatch(user)

    def count(self, user: str) -> int:
        """How many connections ``user`` has here."""
        return len(self._devices.get(user, ()))

    @property
    def remote(self) -> bool:
        """Whether there are other nodes."""
        return self._bus.remote

    @property
    def in_doubt(self) -> bool:
        """Whether something may be getting lost on the bus right now."""
        return self._bus.in_doubt

    @property
    def users(self) -> list[str]:
        """Who is connected here."""
        return list(self._devices)

    def devices(self) -> Iterator[Device]:
        for devices in list(self._devices.values()):
            yield from list(devices)

    def deliver(self, entry: Entry, origin: object) -> None:
        """An event that was committed here. ``origin``, the connection that asked, is answered instead."""
        wire = Wire(entry.event)
        seq = entry.event.seq
        for device in self._devices.get(entry.user, ()):
            if device is not origin:
                device.offer(seq, wire)
        if self._bus.remote:
            spent = isinstance(entry.event, events.Message) and entry.event.sender == entry.user
            self._envelopes.append(Envelope(entry.user, seq, wire.json, wire.msgpack, spent=spent))

    def hint(self, user: str, event: events.Typing) -> None:
        """A fleeting event: whoever is not there misses it."""
        wire = Wire(event)
        for device in self._devices.get(user, ()):
            device.hint(wire)
        if self._bus.remote:
            self._bus.ring([Envelope(user, None, wire.json, wire.msgpack)])

    def revoke(self, user: str, at: int) -> None:
        """The user's tokens issued at or before ``at`` (ms) are void: their connections end, on every node."""
        for device in list(self._devices.get(user, ())):
            device.revoked(at)
        if self._bus.remote:
            self._bus.ring([Envelope(user, None, b"", b"", at)])

    def ring(self) -> None:
        """Hand to the bus what was delivered since the last time."""
        if self._envelopes:
            envelopes, self._envelopes = self._envelopes, []
            self._bus.ring(envelopes)

    def doubt(self) -> None:
        """Something may have been committed here that nobody is told of: have it looked for, on every node."""
        self.doubted.set()
        self._bus.warn()

    def compare(self, heads: dict[str, int], revoked: dict[str, int]) -> None:
        """Heads of logs and ends of sessions, freshly read: whoever is behind has missed something."""
        for user, at in revoked.items():
            for device in list(self._devices.get(user, ())):
                device.revoked(at)
        for user, head in heads.items():
            for device in list(self._devices.get(user, ())):
                device.check(head)

    def _receive(self, envelope: Envelope) -> None:
        devices = self._devices.get(envelope.user)
        if not devices:
            return
        if envelope.spent:
            self._spent(envelope.user)
        wire = Wire.ready(envelope.json, envelope.msgpack)
        for device in list(devices):
            if envelope.revoked_at is not None:
                device.revoked(envelope.revoked_at)
            elif envelope.seq is None:
                device.hint(wire)
            else:
                device.offer(envelope.seq, wire)
