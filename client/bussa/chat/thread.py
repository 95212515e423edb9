"""A window of one conversation's messages: contiguous, bounded, and the outgoing messages. Pure.

before … [first … last] … after          from the server
                              outgoing   sending, or failed and kept for a retry
"""

import secrets
from bisect import bisect_left
from dataclasses import dataclass, field
from enum import Enum, auto

from bussa_protocol.frames import events, parts, replies

WINDOW_SIZE = 600
"""Messages kept of one conversation; scrolling fetches the others again."""


def new_nonce() -> str:
    """An idempotency key for ``send``: 128 random bits."""
    return secrets.token_urlsafe(16)


class SendState(Enum):
    SENDING = auto()
    FAILED = auto()


@dataclass(slots=True)
class Outgoing:
    """A message without a number. Retries keep its nonce, so it is delivered once."""

    text: str
    at: int
    reply_to: int | None = None
    state: SendState = SendState.SENDING
    error: str = ""
    nonce: str = field(default_factory=new_nonce)


class Thread:
    """The window. Messages are unique by number."""

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
        """Replace the window by a page: the newest one, or one in the middle (``more_after``)."""
        self.messages = list(page.messages)
        self.more_before = page.more
        self.more_after = more_after
        self.loaded = True

    def prepend(self, page: replies.HistoryReply) -> int:
        """Prepend a page. Returns how many messages it added. A full window drops its newest messages."""
        added = [message for message in page.messages if message.n < self.first]
        self.messages[:0] = added
        self.more_before = page.more
        if len(self.messages) > WINDOW_SIZE:
            del self.messages[WINDOW_SIZE:]
            self.more_after = True
        return len(added)

    def append(self, page: replies.HistoryReply) -> int:
        """Append a page. Returns how many messages it added. A full window drops its oldest messages."""
        added = [message for message in page.messages if message.n > self.last]
        self.messages.extend(added)
        self.more_after = page.more
        self._trim_front()
        return len(added)

    def add_live(self, message: parts.Message) -> bool:
        """Append a live message; False if the window does not end right before it."""
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
        """Add a message that is being sent."""
        outgoing = Outgoing(text, at, reply_to)
        self.outgoing.append(outgoing)
        return outgoing

    def confirm(self, outgoing: Outgoing, reply: replies.SentReply) -> parts.Message:
        """The server acknowledged it: turn it into a message."""
        self.drop(outgoing)
        message = parts.Message(
            peer=self.peer, n=reply.n, sender=self.me, text=outgoing.text, at=reply.at, reply_to=outgoing.reply_to
        )
        if not self.add_live(message):
            self.loaded = False
        return message

    def fail(self, outgoing: Outgoing, error: str) -> None:
        """Keep it as failed, with the reason."""
        outgoing.state, outgoing.error = SendState.FAILED, error

    def retry(self) -> list[Outgoing]:
        """Set the failed messages back to sending, and return them."""
        retried = [outgoing for outgoing in self.outgoing if outgoing.state is SendState.FAILED]
        for outgoing in retried:
            outgoing.state, outgoing.error = SendState.SENDING, ""
        return retried

    def drop(self, outgoing: Outgoing) -> None:
        """Remove an outgoing message."""
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
    """The message of an event, in the form of a page."""
    return parts.Message(
        peer=event.peer, n=event.n, sender=event.sender, text=event.text, at=event.at, reply_to=event.reply_to
    )
