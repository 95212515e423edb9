"""The verdict, pure: every acknowledged message delivered, once, in order, and none against the rules.

Two accounts must agree. One is the server's: the contract promises a log's seq and a conversation's n without holes,
and each device counts them. The other is ours: each message carries the how-manieth it is from its sender to its
recipient, so a repeat that was stored twice shows although the server's numbers look well.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

SHOWN = 10
"""Complaints kept in words; all are counted."""


@dataclass(slots=True)
class Device:
    """What one device has seen of its user's log."""

    cursor: int
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    """The newest n of each conversation."""
    hidden: int = 0
    """Events that were hidden because their peer is blocked."""


@dataclass(slots=True)
class Pair:
    """What one sends to another. Messages are known by their count, from 1."""

    sent: int = 0
    refused: set[int] = field(default_factory=set[int])
    retried: set[int] = field(default_factory=set[int])
    """Told to ask again later: others may have overtaken them."""
    acknowledged: int = 0
    heard: int = 0
    """The highest that was delivered."""
    skipped: set[int] = field(default_factory=set[int])
    """Of those below it: what was not."""
    agreement: int = 0
    """Zero when both sides have seen the same n for each message."""
    closing: bool = False
    """A block was asked for: refusing is right from then on, and after its answer nothing else is."""
    hiding: bool = False
    """It is the recipient's: what was not seen before it is hidden."""
    closed_after: int | None = None

    @property
    def delivered(self) -> int:
        return self.heard - len(self.skipped)


class Truth:
    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.wrong = self.acknowledged = self.refused = self.delivered = self.hidden = 0
        self._devices: dict[str, Device] = {}
        self._pairs: dict[tuple[str, str], Pair] = {}

    def complain(self, what: str) -> None:
        self.wrong += 1
        if len(self.complaints) < SHOWN:
            self.complaints.append(what)

    # What the sender knows.

    def begins(self, user: str, cursor: int) -> None:
        """A device of ``user`` begins at a seq of the log, before anybody writes."""
        self._devices[user] = Device(cursor)

    def sends(self, user: str, peer: str) -> int:
        """The count of a new message."""
        pair = self._pair(user, peer)
        pair.sent += 1
        return pair.sent

    def sent(self, user: str, peer: str, count: int, n: int, seq: int, *, again: bool) -> None:
        """A send was acknowledged. ``again``: it was repeated under its nonce, so its event may have come before."""
        device = self._devices[user]
        if not (again and seq <= device.cursor):
            self._follows(user, device, seq)
            self._number(user, device, peer, n)
        pair = self._pair(user, peer)
        if pair.closed_after is not None and count > pair.closed_after:
            self.complain(f"{user} → {peer}: message {count} was taken after a block was answered")
        pair.acknowledged += 1
        pair.agreement ^= hash((count, n))
        self.acknowledged += 1

    def was_refused(self, user: str, peer: str, count: int, *, by_rule: bool = True) -> None:
        """A send was refused, or (not ``by_rule``) given up: nothing of it may arrive."""
        self._pair(user, peer).refused.add(count)
        if by_rule:
            self.refused += 1

    def retries(self, user: str, peer: str, count: int) -> None:
        self._pair(user, peer).retried.add(count)

    def blocks(self, user: str, peer: str) -> None:
        """A block is asked for: it refuses what either writes to the other."""
        self._pair(peer, user).closing = self._pair(user, peer).closing = True
        self._pair(peer, user).hiding = True

    def blocked(self, user: str, peer: str) -> None:
        """It was answered."""
        for pair in (self._pair(peer, user), self._pair(user, peer)):
            if pair.closed_after is None:
                pair.closed_after = pair.sent

    # What a device is told.

    def message(self, user: str, peer: str, sender: str, n: int, seq: int, count: int | None) -> bool:
        """A message event; ``count``: what it says it is. Returns whether it is the peer's."""
        device = self._devices[user]
        self._follows(user, device, seq)
        self._number(user, device, peer, n)
        if sender == user:
            return False  # its own, replayed: the answer was lost with the connection, and will come again
        pair = self._pair(sender, user)
        if count is None or count > pair.sent:
            self.complain(f"{sender} → {user}: a message that was never sent")
            return False
        if count > pair.heard:
            pair.skipped.update(range(pair.heard + 1, count))
            pair.heard = count
        elif count not in pair.skipped:
            self.complain(f"{sender} → {user}: message {count} came twice")
            return False
        else:
            pair.skipped.remove(count)
            if count not in pair.retried:
                self.complain(f"{sender} → {user}: message {count} came after {pair.heard}")
        pair.agreement ^= hash((count, n))
        self.delivered += 1
        return True

    def other(self, user: str, seq: int, *, hidden: bool = False) -> None:
        """Any other event, or reply, with a seq."""
        device = self._devices[user]
        self._follows(user, device, seq)
        device.hidden += hidden
        self.hidden += hidden

    def head(self, user: str, head: int) -> None:
        """At the end: how far the log reaches, by the server's own account."""
        if head != self._devices[user].cursor:
            self.complain(f"{user}: the log reaches {head}, the device {self._devices[user].cursor}")

    def cursor(self, user: str) -> int:
        return self._devices[user].cursor

    def outstanding(self) -> int:
        """Messages acknowledged and not delivered yet."""
        return self.acknowledged - self.delivered - self.hidden

    # At the end.

    def verdict(self, forbidden: Iterable[tuple[str, str]]) -> None:
        """When nothing is under way: do both accounts agree? ``forbidden``: (sender, recipient) pairs of which
        nothing may have come."""
        never = set(forbidden)
        lost: dict[str, int] = {}
        for (sender, recipient), pair in self._pairs.items():
            name = f"{sender} → {recipient}"
            missing = pair.skipped | set(range(pair.heard + 1, pair.sent + 1))
            if (sender, recipient) in never:
                if pair.acknowledged or pair.delivered:
                    self.complain(f"{name}: {pair.acknowledged or pair.delivered} messages against the rules")
                continue
            if pair.refused - missing:
                self.complain(f"{name}: {len(pair.refused - missing)} messages were refused, and came all the same")
            if pair.closed_after is not None and pair.heard > pair.closed_after:
                self.complain(f"{name}: message {pair.heard} was written after a block was answered, and came")
            if pair.hiding:
                lost[recipient] = lost.get(recipient, 0) + len(missing - pair.refused)
                continue
            if missing - pair.refused:
                self.complain(f"{name}: {len(missing - pair.refused)} of {pair.acknowledged} messages were lost")
            elif pair.agreement:
                self.complain(f"{name}: the two do not agree on the numbers of their messages")
        for recipient, count in lost.items():
            # What came before the block, and was not seen before it, is hidden afterwards.
            if count > self._devices[recipient].hidden:
                self.complain(f"{recipient}: {count} messages of blocked peers lost, not hidden")

    def unexpected_refusal(self, user: str, peer: str, forbidden: bool) -> None:
        """A send was refused that the rules allow."""
        if not forbidden and not self._pair(user, peer).closing:
            self.complain(f"{user} → {peer}: refused, although the rules allow it")

    def _pair(self, sender: str, recipient: str) -> Pair:
        pair = self._pairs.get((sender, recipient))
        if pair is None:
            pair = self._pairs[sender, recipient] = Pair()
        return pair

    def _follows(self, user: str, device: Device, seq: int) -> None:
        if seq != device.cursor + 1:
            self.complain(f"{user}: seq {seq} after {device.cursor}")
        device.cursor = seq

    def _number(self, user: str, device: Device, peer: str, n: int) -> None:
        before = device.numbers.get(peer, 0)
        if n != before + 1 and not (device.hidden and n > before):
            self.complain(f"{user} and {peer}: n {n} after {before}")
        device.numbers[peer] = n
