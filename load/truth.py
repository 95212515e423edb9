"""The verdict, pure: every acknowledged message delivered, once, in order, and none against the rules.

It rests on the numbers that the contract promises without holes: a device that counts its log's seq and each
conversation's n has proved all of it, without remembering a single message.
"""

from dataclasses import dataclass, field

SHOWN = 10


@dataclass
class Device:
    """What one device has seen of its user's log."""

    cursor: int = 0
    heard: dict[str, int] = field(default_factory=dict)
    """The newest n of each conversation."""
    received: dict[str, int] = field(default_factory=dict)
    """How many messages each peer's were."""


class Truth:
    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.wrong = 0
        self._devices: dict[str, Device] = {}
        self._sent: dict[tuple[str, str], int] = {}
        """How many messages (sender, recipient) were acknowledged."""
        self.acknowledged = self.refused = self.delivered = 0

    def complain(self, what: str) -> None:
        self.wrong += 1
        if len(self.complaints) < SHOWN:
            self.complaints.append(what)

    def begins(self, user: str, cursor: int) -> None:
        """A device of ``user`` begins at a seq of the log, with conversations as they are then."""
        self._devices[user] = Device(cursor)

    def sent(self, user: str, peer: str, n: int, seq: int, *, again: bool) -> None:
        """A send was acknowledged. ``again``: it was repeated under its nonce, so its event may have come before."""
        device = self._devices[user]
        if again and seq <= device.cursor:
            # Committed before the connection broke: the replay has brought it, and counted it.
            return
        self._count(user, device, seq)
        self._number(user, device, peer, n)
        self._acknowledge(user, peer)

    def was_refused(self) -> None:
        self.refused += 1

    def message(self, user: str, peer: str, sender: str, n: int, seq: int) -> bool:
        """A message event. Returns whether it is the peer's."""
        device = self._devices[user]
        self._count(user, device, seq)
        self._number(user, device, peer, n)
        if sender == user:
            # Its own, replayed: the answer was lost with the connection.
            self._acknowledge(user, peer)
            return False
        device.received[peer] = device.received.get(peer, 0) + 1
        self.delivered += 1
        return True

    def other(self, user: str, seq: int) -> None:
        """Any other event, or reply, with a seq."""
        self._count(user, self._devices[user], seq)

    def cursor(self, user: str) -> int:
        return self._devices[user].cursor

    def outstanding(self) -> int:
        """Messages acknowledged and not delivered yet."""
        return self.acknowledged - self.delivered

    def verdict(self, forbidden: set[tuple[str, str]]) -> None:
        """At the end, when nothing is under way: does what was sent agree with what came? ``forbidden``: (sender,
        recipient) pairs of which nothing may have come."""
        for (sender, recipient), count in self._sent.items():
            device = self._devices.get(recipient)
            came = device.received.get(sender, 0) if device else 0
            if came != count:
                self.complain(f"{sender} → {recipient}: {count} acknowledged, {came} delivered")
        for recipient, device in self._devices.items():
            for sender, came in device.received.items():
                if (sender, recipient) in forbidden:
                    self.complain(f"{sender} → {recipient}: {came} delivered against the rules")
                elif (sender, recipient) not in self._sent:
                    self.complain(f"{sender} → {recipient}: {came} delivered, none acknowledged")

    def _acknowledge(self, user: str, peer: str) -> None:
        self.acknowledged += 1
        self._sent[user, peer] = self._sent.get((user, peer), 0) + 1

    def _count(self, user: str, device: Device, seq: int) -> None:
        if seq != device.cursor + 1:
            self.complain(f"{user}: seq {seq} after {device.cursor}")
        device.cursor = seq

    def _number(self, user: str, device: Device, peer: str, n: int) -> None:
        if n != device.heard.get(peer, 0) + 1:
            self.complain(f"{user} and {peer}: n {n} after {device.heard.get(peer, 0)}")
        device.heard[peer] = n
