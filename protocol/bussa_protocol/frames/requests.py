"""What a client may say (contract, *WebSocket*, the table of requests).

Every request but ``hello`` and ``typing`` carries an ``id``; exactly one reply carries the same.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from bussa_protocol import limits
from bussa_protocol.frames.parts import SettingsChange
from bussa_protocol.ids import N, Nonce, PageCursor, PageSize, Reason, RequestId, Seq, Text, UserId

Token = Annotated[str, Meta(min_length=1, max_length=limits.TOKEN)]
Query = Annotated[str, Meta(min_length=1, max_length=limits.QUERY)]


class Said(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="type"):
    """Anything that a client says."""


class Asked(Said, frozen=True):
    """A request: it is answered, once."""

    id: RequestId


class Hello(Said, frozen=True, tag="hello"):
    """The first frame. ``resume`` is the last seq the client has, counted in ``epoch``."""

    token: Token | None = None
    resume: Seq | None = None
    epoch: Annotated[str, Meta(max_length=64)] | None = None


class Typing(Said, frozen=True, tag="typing"):
    """The user is writing to ``peer``. Fleeting: no id, no reply, no seq."""

    peer: UserId


class Send(Asked, frozen=True, tag="send"):
    to: UserId
    text: Text
    nonce: Nonce
    reply_to: N | None = None


class History(Asked, frozen=True, tag="history"):
    """Messages of a conversation: the newest, those ``before`` an n, or those ``after`` one."""

    peer: UserId
    before: N | None = None
    after: Annotated[int, Meta(ge=0, le=limits.INT_MAX)] | None = None
    limit: PageSize = limits.PAGE

    def __post_init__(self) -> None:
        if self.before is not None and self.after is not None:
            raise ValueError("`before` and `after` exclude each other")


class Conversations(Asked, frozen=True, tag="conversations"):
    folder: Literal["inbox", "requests"] = "inbox"
    before: PageCursor | None = None
    limit: PageSize = limits.PAGE


class Read(Asked, frozen=True, tag="read"):
    """Everything up to ``n`` has been read."""

    peer: UserId
    n: N


class Accept(Asked, frozen=True, tag="accept"):
    peer: UserId


class Decline(Asked, frozen=True, tag="decline"):
    peer: UserId


class Block(Asked, frozen=True, tag="block"):
    user: UserId


class Unblock(Asked, frozen=True, tag="unblock"):
    user: UserId


class Mute(Asked, frozen=True, tag="mute"):
    user: UserId


class Unmute(Asked, frozen=True, tag="unmute"):
    user: UserId


class Report(Asked, frozen=True, tag="report"):
    """``n`` names the message that gave offence; ``block`` also blocks its sender."""

    peer: UserId
    reason: Reason
    n: N | None = None
    block: bool = False


class Settings(Asked, frozen=True, tag="settings"):
    """Read the settings, or ``set`` some and read the outcome."""

    set: SettingsChange | None = None


class Profile(Asked, frozen=True, tag="profile"):
    user: UserId


class Search(Asked, frozen=True, tag="search"):
    query: Query
    peer: UserId | None = None
    before: PageCursor | None = None
    limit: PageSize = limits.PAGE


class Sync(Asked, frozen=True, tag="sync"):
    """Events of the user's own log after a seq."""

    after: Seq
    limit: PageSize = limits.PAGE


class Refresh(Asked, frozen=True, tag="refresh"):
    """Go on with a newer token of the same user."""

    token: Token


class Ping(Asked, frozen=True, tag="ping"):
    pass


Request = (
    Hello
    | Typing
    | Send
    | History
    | Conversations
    | Read
    | Accept
    | Decline
    | Block
    | Unblock
    | Mute
    | Unmute
    | Report
    | Settings
    | Profile
    | Search
    | Sync
    | Refresh
    | Ping
)
