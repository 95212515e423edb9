"""Conversations: the list, and what one participant makes of one."""

from typing import ClassVar, Literal

from bussa_protocol import limits
from bussa_protocol.frames.base import LogEventBase, OkReply, Part, ReplyWithId, RequestWithId
from bussa_protocol.frames.messages import Message
from bussa_protocol.ids import Folder, N, PageCursor, PageSize, UserId


class Conversation(Part, frozen=True):
    """A conversation as one participant sees it. ``read`` is that participant's own mark (0: nothing read yet)."""

    peer: UserId
    last: Message
    unread: int
    read: int
    peer_read: N | None
    muted: bool
    folder: Folder
    blocked: bool
    name: str


class ConversationsReply(ReplyWithId, frozen=True, tag="conversations"):
    conversations: list[Conversation]
    next: str | None


class ConversationsRequest(RequestWithId, frozen=True, tag="conversations"):
    """List conversations, newest first."""

    reply = ConversationsReply

    folder: Literal["inbox", "requests"] = "inbox"
    before: PageCursor | None = None
    limit: PageSize = limits.PAGE_DEFAULT


class AcceptRequest(RequestWithId, frozen=True, tag="accept"):
    """Accept a conversation: its peer may write to the inbox."""

    reply = OkReply

    peer: UserId


class DeclineRequest(RequestWithId, frozen=True, tag="decline"):
    """Decline a conversation: its peer is refused until accepted or written to."""

    reply = OkReply

    peer: UserId


class MuteRequest(RequestWithId, frozen=True, tag="mute"):
    """Mute a conversation."""

    reply = OkReply

    user: UserId


class UnmuteRequest(RequestWithId, frozen=True, tag="unmute"):
    """Unmute a conversation."""

    reply = OkReply

    user: UserId


class ConversationEvent(LogEventBase, frozen=True, tag="conversation"):
    """The state of a conversation after accept, decline, mute, block or report.

    ``folder`` is null before the first message.
    """

    author: ClassVar[str | None] = None

    peer: UserId
    folder: Folder | None
    muted: bool
    blocked: bool


class HiddenEvent(LogEventBase, frozen=True, tag="hidden"):
    """Replaces an event of a peer whom the user has blocked since."""

    author: ClassVar[str | None] = None
