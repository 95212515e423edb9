"""Replies. Each carries the ``id`` of its request.

A reply with a ``seq`` takes the place of the event that its request appended to the user's own log: the requesting
device gets the reply, the user's other devices get the event.
"""

from bussa_protocol.frames.base import ErrorReply, OkReply, ReplyBase, ReplyWithId
from bussa_protocol.frames.conversations import ConversationsReply
from bussa_protocol.frames.messages import HistoryReply, SentReply
from bussa_protocol.frames.people import ProfileReply
from bussa_protocol.frames.privacy import SettingsReply
from bussa_protocol.frames.search import SearchReply
from bussa_protocol.frames.session import PongReply, SyncReply, WelcomeReply

__all__ = [
    "ConversationsReply",
    "ErrorReply",
    "HistoryReply",
    "OkReply",
    "PongReply",
    "ProfileReply",
    "Reply",
    "ReplyBase",
    "ReplyWithId",
    "SearchReply",
    "SentReply",
    "SettingsReply",
    "SyncReply",
    "WelcomeReply",
]

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
