"""Messages: send, read, type, and the history of a conversation."""

from typing import Annotated, ClassVar

from msgspec import Meta

from bussa_protocol import limits
from bussa_protocol.frames.base import (
    EventBase,
    LogEventBase,
    OkReply,
    Part,
    ReplyWithId,
    RequestBase,
    RequestWithId,
)
from bussa_protocol.ids import Folder, Millis, N, Nonce, PageSize, Seq, Text, UserId


class Message(Part, frozen=True, rename={"sender": "from"}):
    """A message in ``history``, ``last`` and ``hits``.

    ``hidden`` marks a message of a peer whom the reader has blocked: it keeps its ``n``, and its ``text`` is empty.
    """

    peer: UserId
    n: N
    sender: UserId
    text: str
    at: Millis
    reply_to: N | None = None
    hidden: bool = False


class SentReply(ReplyWithId, frozen=True, tag="sent"):
    peer: UserId
    n: N
    seq: Seq
    at: Millis
    folder: Folder


class SendRequest(RequestWithId, frozen=True, tag="send"):
    """Send a message to a user."""

    reply = SentReply

    to: UserId
    text: Text
    nonce: Nonce
    reply_to: N | None = None


class HistoryReply(ReplyWithId, frozen=True, tag="history"):
    """``more``: there are further messages in the requested direction."""

    peer: UserId
    messages: list[Message]
    more: bool


class HistoryRequest(RequestWithId, frozen=True, tag="history"):
    """Read messages of a conversation.

    The newest, those ``before`` an n, or those ``after`` one.
    """

    reply = HistoryReply

    peer: UserId
    before: N | None = None
    after: Annotated[int, Meta(ge=0, le=limits.INT_MAX)] | None = None
    limit: PageSize = limits.PAGE_DEFAULT

    def __post_init__(self) -> None:
        if self.before is not None and self.after is not None:
            raise ValueError("`before` and `after` are mutually exclusive")


class ReadRequest(RequestWithId, frozen=True, tag="read"):
    """Mark the messages up to ``n`` as read."""

    reply = OkReply

    peer: UserId
    n: N


class TypingRequest(RequestBase, frozen=True, tag="typing"):
    """Show the peer that the user is typing. Ephemeral: no id, no reply."""

    reply = None

    peer: UserId


class MessageEvent(LogEventBase, frozen=True, tag="message", rename={"sender": "from"}):
    """A message of the conversation with ``peer``, by either participant.

    ``folder`` is where the recipient has it: ``inbox``, or ``requests`` for a knock.
    """

    author: ClassVar[str | None] = "sender"

    peer: UserId
    n: N
    sender: UserId
    text: str
    at: Millis
    folder: Folder
    reply_to: N | None = None


class ReadEvent(LogEventBase, frozen=True, tag="read"):
    """``by`` has read the conversation with ``peer`` up to ``n``."""

    author: ClassVar[str | None] = "by"

    peer: UserId
    by: UserId
    n: N


class TypingEvent(EventBase, frozen=True, tag="typing"):
    """The peer is typing. Ephemeral: no seq."""

    peer: UserId
