"""What a reader may see of a log and of a conversation.

One rule: whoever blocks a peer sees nothing that the peer wrote or did. Replay, histories, lists and searches of every
store ask the functions here. A store may also leave rows out by itself, to fill its pages, but it shows nothing that
these hide.

A log holds events by its owner and by the peer of the event, so one flag says enough: whether the reader blocks that
peer.
"""

from msgspec import structs

from bussa_protocol.frames import parts
from bussa_protocol.frames.events import HiddenEvent, LogEvent


def author_of(event: LogEvent, owner: str) -> str:
    """Who wrote or did what ``event`` in the log of ``owner`` tells, as its class declares."""
    field = event.author
    return owner if field is None else getattr(event, field)


def visible_to(reader: str, event: LogEvent, blocked: bool) -> LogEvent:
    """An event of the reader's log as the reader sees it. ``blocked``: whether the reader blocks the event's peer."""
    return HiddenEvent(seq=event.seq) if _is_hidden(reader, author_of(event, reader), blocked) else event


def visible_message(reader: str, message: parts.Message, blocked: bool) -> parts.Message:
    """A message as the reader sees it; a hidden one keeps its place without its text.

    ``blocked``: whether the reader blocks the message's peer.
    """
    if _is_hidden(reader, message.sender, blocked):
        return structs.replace(message, text="", hidden=True)
    return message


def _is_hidden(reader: str, author: str, blocked: bool) -> bool:
    return blocked and author != reader
