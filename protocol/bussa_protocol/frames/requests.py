"""Requests (contract, section *Requests*).

Every request but ``hello`` and ``typing`` carries an ``id``; exactly one reply carries the same.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from bussa_protocol import limits
from bussa_protocol.frames.parts import SettingsChange
from bussa_protocol.ids import N, Nonce, PageCursor, PageSize, ReportReason, RequestId, Seq, Text, UserId

Token = Annotated[str, Meta(min_length=1, max_length=limits.TOKEN)]
SearchQuery = Annotated[str, Meta(min_length=1, max_length=limits.QUERY)]


class RequestBase(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="type"):
    """A request."""


class RequestWithId(RequestBase, frozen=True):
    """A request with exactly one reply."""

    id: RequestId


class HelloRequest(RequestBase, frozen=True, tag="hello"):
    """The first frame. ``resume`` is the last seq that the client has, in the log of ``epoch``."""

    token: Token | None = None
    resume: Seq | None = None
    epoch: Annotated[str, Meta(max_length=64)] | None = None


class TypingRequest(RequestBase, frozen=True, tag="typing"):
    """The user is typing to ``peer``. Ephemeral: no id, no reply, no seq."""

    peer: UserId


class SendRequest(RequestWithId, frozen=True, tag="send"):
    to: UserId
    text: Text
    nonce: Nonce
    reply_to: N | None = None


class HistoryRequest(RequestWithId, frozen=True, tag="history"):
    """Messages of a conversation: the newest, those ``before`` an n, or those ``after`` one."""

    peer: UserId
    before: N | None = None
    after: Annotated[int, Meta(ge=0, le=limits.INT_MAX)] | None = None
    limit: PageSize = limits.PAGE_DEFAULT

    def __post_init__(self) -> None:
        if self.before is not None and self.after is not None:
            raise ValueError("`before` and `after` are mutually exclusive")


class ConversationsRequest(RequestWithId, frozen=True, tag="conversations"):
    folder: Literal["inbox", "requests"] = "inbox"
    before: PageCursor | None = None
    limit: PageSize = limits.PAGE_DEFAULT


class ReadRequest(RequestWithId, frozen=True, tag="read"):
    """Messages up to ``n`` have been read."""

    peer: UserId
    n: N


class AcceptRequest(RequestWithId, frozen=True, tag="accept"):
    peer: UserId


class DeclineRequest(RequestWithId, frozen=True, tag="decline"):
    peer: UserId


class BlockRequest(RequestWithId, frozen=True, tag="block"):
    user: UserId


class UnblockRequest(RequestWithId, frozen=True, tag="unblock"):
    user: UserId


class MuteRequest(RequestWithId, frozen=True, tag="mute"):
    user: UserId


class UnmuteRequest(RequestWithId, frozen=True, tag="unmute"):
    user: UserId


class ReportRequest(RequestWithId, frozen=True, tag="report"):
    """``n`` is the reported message; ``block`` also blocks the peer."""

    peer: UserId
    reason: ReportReason
    n: N | None = None
    block: bool = False


class SettingsRequest(RequestWithId, frozen=True, tag="settings"):
    """Read the settings, or ``set`` some and read the result."""

    set: SettingsChange | None = None


class ProfileRequest(RequestWithId, frozen=True, tag="profile"):
    user: UserId


class SearchRequest(RequestWithId, frozen=True, tag="search"):
    query: SearchQuery
    peer: UserId | None = None
    before: PageCursor | None = None
    limit: PageSize = limits.PAGE_DEFAULT


class SyncRequest(RequestWithId, frozen=True, tag="sync"):
    """Events of the user's own log after a seq."""

    after: Seq
    limit: PageSize = limits.PAGE_DEFAULT


class RefreshRequest(RequestWithId, frozen=True, tag="refresh"):
    """Replace the connection's token by a newer one of the same user."""

    token: Token


class PingRequest(RequestWithId, frozen=True, tag="ping"):
    pass


Request = (
    HelloRequest
    | TypingRequest
    | SendRequest
    | HistoryRequest
    | ConversationsRequest
    | ReadRequest
    | AcceptRequest
    | DeclineRequest
    | BlockRequest
    | UnblockRequest
    | MuteRequest
    | UnmuteRequest
    | ReportRequest
    | SettingsRequest
    | ProfileRequest
    | SearchRequest
    | SyncRequest
    | RefreshRequest
    | PingRequest
)
