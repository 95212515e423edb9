"""Events: the entries of a user's log, live or replayed.

Each carries its seq in that log; only ``typing`` is ephemeral and has none. A client skips an event of an unknown
type, but counts its seq.
"""

from msgspec import Struct

from bussa_protocol.frames.parts import Settings
from bussa_protocol.ids import Folder, Millis, N, Seq, UserId


class EventBase(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="type"):
    """An event."""


class LogEventBase(EventBase, frozen=True):
    """An event of the user's log."""

    seq: Seq


class MessageEvent(LogEventBase, frozen=True, tag="message", rename={"sender": "from"}):
    """A message of the conversation with ``peer``, by either participant.

    ``folder`` is where the recipient has it: ``inbox``, or ``requests`` for a knock.
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
    """The state after accept, decline, mute, block or report. ``folder`` is null before the first message."""

    peer: UserId
    folder: Folder | None
    muted: bool
    blocked: bool


class SettingsEvent(LogEventBase, frozen=True, tag="settings"):
    settings: Settings


class HiddenEvent(LogEventBase, frozen=True, tag="hidden"):
    """Replaces an event of a peer whom the user has blocked since."""


class TypingEvent(EventBase, frozen=True, tag="typing"):
    peer: UserId


LogEvent = MessageEvent | ReadEvent | ConversationEvent | SettingsEvent | HiddenEvent
Event = LogEvent | TypingEvent
