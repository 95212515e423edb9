"""Events: the entries of a user's log, live or replayed.

Each carries its seq in that log; only ``typing`` is ephemeral and has none. A client skips an event of an unknown
type, but counts its seq.
"""

from bussa_protocol.frames.base import EventBase, LogEventBase
from bussa_protocol.frames.conversations import ConversationEvent, HiddenEvent
from bussa_protocol.frames.messages import MessageEvent, ReadEvent, TypingEvent
from bussa_protocol.frames.privacy import SettingsEvent

__all__ = [
    "ConversationEvent",
    "Event",
    "EventBase",
    "HiddenEvent",
    "LogEvent",
    "LogEventBase",
    "MessageEvent",
    "ReadEvent",
    "SettingsEvent",
    "TypingEvent",
]

LogEvent = MessageEvent | ReadEvent | ConversationEvent | SettingsEvent | HiddenEvent
Event = LogEvent | TypingEvent
