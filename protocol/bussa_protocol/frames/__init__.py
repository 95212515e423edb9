"""Every frame of the contract, one file per capability.

    session, messages, conversations, people, privacy, search
                 its requests, replies and events, and the maps within them
    base         what every frame is; the replies ``ok`` and ``error``

The same classes, grouped by their direction of travel, with a union of each group for decoders:

    requests     from the client
    replies      to the client: exactly one per request
    events       to the client: entries of its user's log, live or replayed
    parts        maps within frames: a message, a conversation, the settings

The API documents and the JavaScript SDK are generated from ``REQUESTS``, ``REPLIES`` and ``EVENTS``.

Frames are immutable. Unknown fields of a known frame are ignored, so that fields may be added.
"""

from collections.abc import Iterator
from typing import TypeVar

from bussa_protocol.frames import (
    base,
    conversations,
    events,
    messages,
    parts,
    people,
    privacy,
    replies,
    requests,
    search,
    session,
)
from bussa_protocol.frames.base import EventBase, ReplyBase, RequestBase

__all__ = ["EVENTS", "REPLIES", "REQUESTS", "Request", "ServerFrame", "events", "parts", "replies", "requests"]

Request = requests.Request
ServerFrame = replies.Reply | events.Event

_Frame = TypeVar("_Frame", RequestBase, ReplyBase, EventBase)


def _defined(kind: type[_Frame]) -> Iterator[type[_Frame]]:
    """The frames of a kind, in the order of their definition."""
    for capability in (session, messages, conversations, people, privacy, search, base):
        own = [value for value in vars(capability).values() if getattr(value, "__module__", "") == capability.__name__]
        frames = [value for value in own if isinstance(value, type) and issubclass(value, kind)]
        # A base class has no tag of its own: msgspec sets it to the name of the class.
        yield from (frame for frame in frames if frame.__struct_config__.tag != frame.__name__)


REQUESTS = tuple(_defined(RequestBase))
REPLIES = tuple(_defined(ReplyBase))
EVENTS = tuple(_defined(EventBase))
