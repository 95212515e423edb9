"""One conversation as a window on its messages: contiguous numbers, bounded, and what is on its way out. Pure.

before … [first … last] … after          read from the server
                              outgoing   sending, or failed and kept for another try
"""

import secrets
from bisect import bisect_left
from dataclasses import dataclass, field
from enum import Enum, auto

from bussa_protocol.frames import events, parts, replies

WINDOW_SIZE = 600
"""Messages kept of one conversation; scrolling on fetches the others again."""


def new_nonce() -> str:
    """A nonce that nobody has used."""
    return secrets.token_urlsafe(16)


class SendState(Enum):
    SENDING = auto()
    FAILED = auto()


@dataclass(slots=True)
class Outgoing:
    """A message that has no number yet. Its nonce stays: however often it is tried, it is delivered once."""

    text: str
    at: int
    reply_to: int | None = None
    state: SendState = SendState.SENDING
    error: str = ""
    nonce: str = field(default_factory=new_nonce)


class Thread:
    """The window. Messages are kept by number; what is added twice is there once."""

    def __init__(self, peer: str, me: str) -> None:
        self.peer = peer
        self.me = me
        self.messages: list[parts.Message] = []
        self.outgoing: list[Outgoing] = []
        self.more_before = False
        self.more_after = False
        self.loaded = False
        self.unread_from: int | None = None
        """The first message that was unread when the conversation was opened."""

    @property
    def first(self) -> int:
        return self.messages[0].n if self.messages else 0

    @property
    def last(self) -> int:
        return self.messages[-1].n if self.messages else 0

    def load(self, page: replies.HistoryReply, *, more_after: bool = False) -> None:
        """Begin anew with a page: the newest, or one in the middle (then there is ``more_after``)."""
        self.messages = list(page.messages)
        self.more_before = page.more
        self.more_after = more_after
        self.loaded = True

    def prepend(self, page: replies.HistoryReply) -> int:
        """Put a page before; how many messages it brought. The far end falls out of a full window."""
        added = [message for message in page.messages if message.n < self.first]
        self.messages[:0] = added
        self.more_before = page.more
        if len(self.messages) > WINDOW_SIZE:
            del self.messages[WINDOW_SIZE:]
            self.more_after = True
        return len(added)

    def append(self, page: replies.HistoryReply) -> int:
        """Put a page after; how many messages it brought."""
        added = [message for message in page.messages if message.n > self.last]
        self.messages.extend(added)
        self.more_after = page.more
        self._trim_front()
        return len(added)

    def add_live(self, message: parts.Message) -> bool:
        """A message that was written just now; False if the window does not reach to it, or has a hole before it."""
        if self.more_after or not self.loaded:
            return False
        if message.n <= self.last:
            return True
        if self.messages and message.n != self.last + 1:
            return False
        self.messages.append(message)
        self._trim_front()
        return True

    def add_outgoing(self, text: str, at: int, reply_to: int | None = None) -> Outgoing:
        """A message on its way out."""
        outgoing = Outgoing(text, at, reply_to)
        self.outgoing.append(outgoing)
        return outgoing

    def confirm(self, outgoing: Outgoing, reply: replies.SentReply) -> parts.Message:
        """It has its number, and is a message like any other."""
        self.drop(outgoing)
        message = parts.Message(
            peer=self.peer, n=reply.n, sender=self.me, text=outgoing.text, at=reply.at, reply_to=outgoing.reply_to
        )
        if not self.add_live(message):
            self.loaded = False
        return message

    def fail(self, outgoing: Outgoing, error: str) -> None:
        """It stays, and says why."""
        outgoing.state, outgoing.error = SendState.FAILED, error

    def retry(self) -> list[Outgoing]:
        """Everything that failed, on its way again."""
        retried = [outgoing for outgoing in self.outgoing if outgoing.state is SendState.FAILED]
        for outgoing in retried:
            outgoing.state, outgoing.error = SendState.SENDING, ""
        return retried

    def drop(self, outgoing: Outgoing) -> None:
        """Keep it no longer."""
        if outgoing in self.outgoing:
            self.outgoing.remove(outgoing)

    def find(self, n: int | None) -> parts.Message | None:
        """The message ``n``, if it is in the window."""
        if n is None:
            return None
        at = bisect_left(self.messages, n, key=lambda message: message.n)
        return self.messages[at] if at < len(self.messages) and self.messages[at].n == n else None

    def _trim_front(self) -> None:
        if len(self.messages) > WINDOW_SIZE:
            del self.messages[:-WINDOW_SIZE]
            self.more_before = True


def message_from_event(event: events.MessageEvent) -> parts.Message:
    """A live message, as a page would show it."""
    return parts.Message(
        peer=event.peer, n=event.n, sender=event.sender, text=event.text, at=event.at, reply_to=event.reply_to
    )
