"""The session: authentication, liveness, and the events that a device missed."""

from typing import Annotated, Any

from msgspec import Meta

from bussa_protocol import limits
from bussa_protocol.frames.base import OkReply, Part, ReplyBase, ReplyWithId, RequestBase, RequestWithId
from bussa_protocol.ids import Millis, PageSize, Seq, UserId

Token = Annotated[str, Meta(min_length=1, max_length=limits.TOKEN)]


class Limits(Part, frozen=True):
    """Limits of the server: bytes of a frame, characters of a text."""

    frame: int
    text: int


class WelcomeReply(ReplyBase, frozen=True, tag="welcome"):
    """The reply to ``hello``. If ``resumed``, the events after ``resume`` follow; else those after ``head``."""

    user: UserId
    head: Seq
    epoch: str
    resumed: bool
    now: Millis
    limits: Limits


class HelloRequest(RequestBase, frozen=True, tag="hello"):
    """Authenticate and resume; the first frame of a connection.

    ``resume`` is the last seq that the client has, in the log of ``epoch``.
    """

    reply = WelcomeReply

    token: Token | None = None
    resume: Seq | None = None
    epoch: Annotated[str, Meta(max_length=64)] | None = None


class SyncReply(ReplyWithId, frozen=True, tag="sync"):
    """``events`` are the maps as they were pushed, ascending by seq."""

    events: list[Any]
    head: Seq


class SyncRequest(RequestWithId, frozen=True, tag="sync"):
    """Read events of the user's own log."""

    reply = SyncReply

    after: Seq
    limit: PageSize = limits.PAGE_DEFAULT


class RefreshRequest(RequestWithId, frozen=True, tag="refresh"):
    """Replace the connection's token by a newer one of the same user."""

    reply = OkReply

    token: Token


class PongReply(ReplyWithId, frozen=True, tag="pong"):
    head: Seq


class PingRequest(RequestWithId, frozen=True, tag="ping"):
    """Check the connection, and read the head of the log."""

    reply = PongReply
