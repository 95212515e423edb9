"""What a client is answered. A reply carries the ``id`` of its request.

A reply with a ``seq`` stands in the place of the event that its request appended to the user's own log:
the other devices get that event, the device that asked gets the reply.
"""

from typing import Any

from msgspec import Struct

from bussa_protocol.codes import Code
from bussa_protocol.frames.parts import Conversation, Limits, Message
from bussa_protocol.frames.parts import Settings as SettingsPart
from bussa_protocol.ids import CanMessage, Folder, Millis, N, RequestId, Seq, UserId


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="type"):
    """Anything that answers."""


class Answered(Answer, frozen=True):
    id: RequestId


class Welcome(Answer, frozen=True, tag="welcome"):
    """The answer to ``hello``. ``resumed``: what came after ``resume`` follows; else it begins at ``head`` + 1."""

    user: UserId
    head: Seq
    epoch: str
    resumed: bool
    now: Millis
    limits: Limits


class Sent(Answered, frozen=True, tag="sent"):
    peer: UserId
    n: N
    seq: Seq
    at: Millis
    folder: Folder


class Ok(Answered, frozen=True, tag="ok"):
    seq: Seq | None = None


class History(Answered, frozen=True, tag="history"):
    """``more``: there are further messages in the direction that was asked for."""

    peer: UserId
    messages: list[Message]
    more: bool


class Conversations(Answered, frozen=True, tag="conversations"):
    conversations: list[Conversation]
    next: str | None


class Settings(Answered, frozen=True, tag="settings"):
    settings: SettingsPart
    seq: Seq | None = None


class Profile(Answered, frozen=True, tag="profile"):
    user: UserId
    name: str
    can_message: CanMessage


class Search(Answered, frozen=True, tag="search"):
    hits: list[Message]
    next: str | None


class Sync(Answered, frozen=True, tag="sync"):
    """``events`` are the very maps that were pushed, ascending by seq."""

    events: list[Any]
    head: Seq


class Pong(Answered, frozen=True, tag="pong"):
    head: Seq


class Error(Answer, frozen=True, tag="error"):
    """One request was refused. ``id`` is left out where it could not be read; ``retry_after`` is in seconds."""

    code: Code
    message: str
    id: RequestId | None = None
    retry_after: float | None = None


Reply = Welcome | Sent | Ok | History | Conversations | Settings | Profile | Search | Sync | Pong | Error
