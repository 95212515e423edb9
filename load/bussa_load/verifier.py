"""The verdict: every acknowledged message delivered, once, in order, and none against the rules. Pure.

Two independent numberings must agree. The server's: seq of a log and n of a conversation have no gaps, and each device
checks them. The harness's: each message contains its ordinal from sender to recipient, so a retry that was stored
twice is detected although the server's numbers are consistent.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

COMPLAINTS_KEPT = 10
"""Complaints whose text is kept; all are counted."""


@dataclass(slots=True)
class DeviceLog:
    """The part of its user's log that a device has received."""

    cursor: int
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    """The newest n of each conversation."""
    hidden: int = 0
    """Events hidden because their peer is blocked."""


@dataclass(slots=True)
class MessageStream:
    """The messages of one sender to one recipient, identified by their ordinal from 1."""

    sent: int = 0
    refused: set[int] = field(default_factory=set[int])
    retried: set[int] = field(default_factory=set[int])
    """Postponed by the server: later messages may have overtaken them."""
    acknowledged: int = 0
    highest_delivered: int = 0
    """The highest ordinal delivered."""
    skipped: set[int] = field(default_factory=set[int])
    """Ordinals below it that were not delivered."""
    order_checksum: int = 0
    """Zero when both participants have seen the same n for each message."""
    block_requested: bool = False
    """A block was requested: refusals are right from then on, and required after its reply."""
    recipient_blocks: bool = False
    """The block is the recipient's: what was not delivered before it is hidden."""
    sent_before_block: int | None = None
    """The ordinal last sent before the reply to the block; None: no reply yet."""

    @property
    def delivered(self) -> int:
        return self.highest_delivered - len(self.skipped)


class Verifier:
    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.wrong = self.acknowledged = self.refused = self.delivered = self.hidden = 0
        self._devices: dict[str, DeviceLog] = {}
        self._streams: dict[tuple[str, str], MessageStream] = {}

    def complain(self, text: str) -> None:
        self.wrong += 1
        if len(self.complaints) < COMPLAINTS_KEPT:
            self.complaints.append(text)

    # Called for the sender.

    def start_device(self, user: str, cursor: int) -> None:
        """A device of ``user`` starts at a seq of the log, before the first send."""
        self._devices[user] = DeviceLog(cursor)

    def next_ordinal(self, user: str, peer: str) -> int:
        """The ordinal of a new message."""
        stream = self._stream(user, peer)
        stream.sent += 1
        return stream.sent

    def on_sent(self, user: str, peer: str, ordinal: int, n: int, seq: int, *, retried: bool) -> None:
        """A send was acknowledged. ``retried``: under its nonce, so its event may have come before."""
        device = self._devices[user]
        if not (retried and seq <= device.cursor):
            self._check_seq(user, device, seq)
            self._check_n(user, device, peer, n)
        stream = self._stream(user, peer)
        if stream.sent_before_block is not None and ordinal > stream.sent_before_block:
            self.complain(f"{user} → {peer}: message {ordinal} was accepted after the reply to a block")
        stream.acknowledged += 1
        stream.order_checksum ^= hash((ordinal, n))
        self.acknowledged += 1

    def on_refused(self, user: str, peer: str, ordinal: int, *, by_rule: bool = True) -> None:
        """A send was refused, or (not ``by_rule``) given up: it must not be delivered."""
        self._stream(user, peer).refused.add(ordinal)
        if by_rule:
            self.refused += 1

    def on_postponed(self, user: str, peer: str, ordinal: int) -> None:
        self._stream(user, peer).retried.add(ordinal)

    def on_block_requested(self, user: str, peer: str) -> None:
        """A block was requested: it refuses messages in both directions."""
        self._stream(peer, user).block_requested = self._stream(user, peer).block_requested = True
        self._stream(peer, user).recipient_blocks = True

    def on_blocked(self, user: str, peer: str) -> None:
        """The block was answered."""
        for stream in (self._stream(peer, user), self._stream(user, peer)):
            if stream.sent_before_block is None:
                stream.sent_before_block = stream.sent

    # Called for received events.

    def on_message(self, user: str, peer: str, sender: str, n: int, seq: int, ordinal: int | None) -> bool:
        """A message event; ``ordinal``: from its text. Returns whether it is a new message of the peer."""
        device = self._devices[user]
        self._check_seq(user, device, seq)
        self._check_n(user, device, peer, n)
        if sender == user:
            return False  # an own message, replayed: its reply was lost with the connection and will be repeated
        stream = self._stream(sender, user)
        if ordinal is None or ordinal > stream.sent:
            self.complain(f"{sender} → {user}: a message that was never sent")
            return False
        if ordinal > stream.highest_delivered:
            stream.skipped.update(range(stream.highest_delivered + 1, ordinal))
            stream.highest_delivered = ordinal
        elif ordinal not in stream.skipped:
            self.complain(f"{sender} → {user}: message {ordinal} came twice")
            return False
        else:
            stream.skipped.remove(ordinal)
            if ordinal not in stream.retried:
                self.complain(f"{sender} → {user}: message {ordinal} came after {stream.highest_delivered}")
        stream.order_checksum ^= hash((ordinal, n))
        self.delivered += 1
        return True

    def on_other(self, user: str, seq: int, *, hidden: bool = False) -> None:
        """Any other event or reply with a seq."""
        device = self._devices[user]
        self._check_seq(user, device, seq)
        device.hidden += hidden
        self.hidden += hidden

    def check_head(self, user: str, head: int) -> None:
        """At the end: compare the server's head of the log with the device's cursor."""
        if head != self._devices[user].cursor:
            self.complain(f"{user}: head of the log {head}, cursor of the device {self._devices[user].cursor}")

    def cursor(self, user: str) -> int:
        return self._devices[user].cursor

    def outstanding(self) -> int:
        """Messages acknowledged and not yet delivered."""
        return self.acknowledged - self.delivered - self.hidden

    # At the end.

    def verdict(self, forbidden: Iterable[tuple[str, str]]) -> None:
        """When nothing is in flight: compare both numberings. ``forbidden``: (sender, recipient) pairs without any
        delivery."""
        forbidden_streams = set(forbidden)
        lost: dict[str, int] = {}
        for (sender, recipient), stream in self._streams.items():
            name = f"{sender} → {recipient}"
            missing = stream.skipped | set(range(stream.highest_delivered + 1, stream.sent + 1))
            if (sender, recipient) in forbidden_streams:
                if stream.acknowledged or stream.delivered:
                    self.complain(f"{name}: {stream.acknowledged or stream.delivered} messages against the rules")
                continue
            if stream.refused - missing:
                self.complain(f"{name}: {len(stream.refused - missing)} messages were refused and delivered")
            if stream.sent_before_block is not None and stream.highest_delivered > stream.sent_before_block:
                self.complain(
                    f"{name}: message {stream.highest_delivered} was sent after the reply to a block and delivered"
                )
            if stream.recipient_blocks:
                lost[recipient] = lost.get(recipient, 0) + len(missing - stream.refused)
                continue
            if missing - stream.refused:
                self.complain(f"{name}: {len(missing - stream.refused)} of {stream.acknowledged} messages were lost")
            elif stream.order_checksum:
                self.complain(f"{name}: sender and recipient disagree on the n of their messages")
        for recipient, count in lost.items():
            # Messages committed before the block and delivered after it are hidden.
            if count > self._devices[recipient].hidden:
                self.complain(f"{recipient}: {count} messages of blocked peers lost, not hidden")

    def check_refusal(self, user: str, peer: str, forbidden: bool) -> None:
        """A send was refused: complain unless the rules refuse it."""
        if not forbidden and not self._stream(user, peer).block_requested:
            self.complain(f"{user} → {peer}: refused, although the rules allow it")

    def _stream(self, sender: str, recipient: str) -> MessageStream:
        stream = self._streams.get((sender, recipient))
        if stream is None:
            stream = self._streams[sender, recipient] = MessageStream()
        return stream

    def _check_seq(self, user: str, device: DeviceLog, seq: int) -> None:
        if seq != device.cursor + 1:
            self.complain(f"{user}: seq {seq} after {device.cursor}")
        device.cursor = seq

    def _check_n(self, user: str, device: DeviceLog, peer: str, n: int) -> None:
        before = device.numbers.get(peer, 0)
        if n != before + 1 and not (device.hidden and n > before):
            self.complain(f"{user} and {peer}: n {n} after {before}")
        device.numbers[peer] = n
