"""Every frame of the contract, grouped by its direction of travel.

    requests    from the client
    replies     to the client: exactly one per request
    events      to the client: entries of its user's log, live or replayed
    parts       maps within frames: a message, a conversation, the settings

Frames are immutable. Unknown fields of a known frame are ignored, so that fields may be added.
"""

from bussa_protocol.frames import events, parts, replies, requests

Request = requests.Request
ServerFrame = replies.Reply | events.Event

__all__ = ["Request", "ServerFrame", "events", "parts", "replies", "requests"]
