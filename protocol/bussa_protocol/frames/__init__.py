"""Every frame of the contract, grouped by its direction of travel.

    requests    what a client may say
    replies     what it is answered: exactly one per request
    events      what it is told: entries of its user's log, live or replayed
    parts       what those carry: a message, a conversation, the settings

Frames are immutable. Unknown fields of a known frame are passed over, for fields may be added.
"""

from bussa_protocol.frames import events, parts, replies, requests

Request = requests.Request
ServerFrame = replies.Reply | events.Event

__all__ = ["Request", "ServerFrame", "events", "parts", "replies", "requests"]
