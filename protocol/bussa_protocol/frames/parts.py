"""Maps within frames: a message, a conversation as one participant sees it, the privacy settings."""

from bussa_protocol.frames.conversations import Conversation
from bussa_protocol.frames.messages import Message
from bussa_protocol.frames.privacy import Settings, SettingsChange
from bussa_protocol.frames.session import Limits

__all__ = ["Conversation", "Limits", "Message", "Settings", "SettingsChange"]
