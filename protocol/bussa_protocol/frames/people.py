"""Other users: their profile, and what to do against the unwelcome."""

from bussa_protocol.frames.base import OkReply, ReplyWithId, RequestWithId
from bussa_protocol.ids import CanMessage, N, ReportReason, UserId


class ProfileReply(ReplyWithId, frozen=True, tag="profile"):
    user: UserId
    name: str
    can_message: CanMessage


class ProfileRequest(RequestWithId, frozen=True, tag="profile"):
    """Read a user's name, and whether one may write to that user."""

    reply = ProfileReply

    user: UserId


class BlockRequest(RequestWithId, frozen=True, tag="block"):
    """Block a user: neither may write to the other."""

    reply = OkReply

    user: UserId


class UnblockRequest(RequestWithId, frozen=True, tag="unblock"):
    """Unblock a user."""

    reply = OkReply

    user: UserId


class ReportRequest(RequestWithId, frozen=True, tag="report"):
    """Report a conversation or one of its messages, and decline the conversation.

    ``n`` is the reported message; ``block`` also blocks the peer.
    """

    reply = OkReply

    peer: UserId
    reason: ReportReason
    n: N | None = None
    block: bool = False
