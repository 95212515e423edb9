"""Replies. Each carries the ``id`` of its request.

A reply with a ``seq`` takes the place of the event that its request appended to the user's own log: the requesting
device gets the reply, the user's other devices get the event.
"""

from typing import Any

from msgspec import Struct

from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames.parts import Conversation, Limits, Message, Settings
from bussa_protocol.ids import CanMessage, Folder, Millis, N, RequestId, Seq, UserId


class ReplyBase(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="type"):
    """A reply."""


class ReplyWithId(ReplyBase, frozen=True):
    id: RequestId


class WelcomeReply(ReplyBase, frozen=True, tag="welcome"):
    """The reply to ``hello``. If ``resumed``, the events after ``resume`` follow; else those after ``head``."""

    user: UserId
    head: Seq
    epoch: str
    resumed: bool
    now: Millis
    limits: Limits


class SentReply(ReplyWithId, frozen=True, tag="sent"):
    peer: UserId
    n: N
    seq: Seq
    at: Millis
    folder: Folder


class OkReply(ReplyWithId, frozen=True, tag="ok"):
    seq: Seq | None = None


class HistoryReply(ReplyWithId, frozen=True, tag="history"):
    """``more``: there are further messages in the requested direction."""

    peer: UserId
    messages: list[Message]
    more: bool


class ConversationsReply(ReplyWithId, frozen=True, tag="conversations"):
    conversations: list[Conversation]
    next: str | None


class SettingsReply(ReplyWithId, frozen=True, tag="settings"):
    settings: Settings
    seq: Seq | None = None


class ProfileReply(ReplyWithId, frozen=True, tag="profile"):
    user: UserId
    name: str
    can_message: CanMessage


class SearchReply(ReplyWithId, frozen=True, tag="search"):
    hits: list[Message]
    next: str | None


class SyncReply(ReplyWithId, frozen=True, tag="sync"):
    """``events`` are the maps as they were pushed, ascending by seq."""

    events: list[Any]
    head: Seq


class PongReply(ReplyWithId, frozen=True, tag="pong"):
    head: Seq


class ErrorReply(ReplyBase, frozen=True, tag="error"):
    """A request was refused. ``id`` is left out if it could not be read; ``retry_after`` is in seconds."""

    code: ErrorCode
    message: str
    id: RequestId | None = None
    retry_after: float | None = None


Reply = (
    WelcomeReply
    | SentReply
    | OkReply
    | HistoryReply
    | ConversationsReply
    | SettingsReply
    | ProfileReply
    | SearchReply
    | SyncReply
    | PongReply
    | ErrorReply
)
