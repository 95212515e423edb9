"""What a user is told: the entries of the user's log, live or replayed.

Each carries the seq that it has in that log. ``typing`` alone is fleeting and has none.
A client skips an event whose type it does not know, and counts its seq.
"""

from msgspec import Struct

from bussa_protocol.frames.parts import Settings
from bussa_protocol.ids import Folder, Millis, N, Seq, UserId


class EventBase(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="type"):
    """Anything that the server says of its own accord."""


class LogEventBase(EventBase, frozen=True):
    """An entry of the user's log."""

    seq: Seq


class MessageEvent(LogEventBase, frozen=True, tag="message", rename={"sender": "from"}):
    """A message of a conversation with ``peer``, by either side.

    ``folder`` is where it was put at its recipient: ``inbox``, or ``requests`` for a knock.
    """

    peer: UserId
    n: N
    sender: UserId
    text: str
    at: Millis
    folder: Folder
    reply_to: N | None = None


class ReadEvent(LogEventBase, frozen=True, tag="read"):
    """``by`` has read the conversation with ``peer`` up to ``n``."""

    peer: UserId
    by: UserId
    n: N


class ConversationEvent(LogEventBase, frozen=True, tag="conversation"):
    """What accept, decline, mute, block or report changed. ``folder`` is null where nothing was written yet."""

    peer: UserId
    folder: Folder | None
    muted: bool
    blocked: bool


class SettingsEvent(LogEventBase, frozen=True, tag="settings"):
    settings: Settings


class HiddenEvent(LogEventBase, frozen=True, tag="hidden"):
    """In place of an event of a peer whom the user has blocked since."""


class TypingEvent(EventBase, frozen=True, tag="typing"):
    peer: UserId


LogEvent = MessageEvent | ReadEvent | ConversationEvent | SettingsEvent | HiddenEvent
Event = LogEvent | TypingEvent
