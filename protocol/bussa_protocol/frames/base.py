"""What every frame is, and the two replies that belong to no capability.

A request class names its tag, its reply and, in the first line of its docstring, its summary. An event class names
its tag and its summary, and an event of the log its author.
"""

from typing import ClassVar

from msgspec import Struct

from bussa_protocol.codes import ErrorCode
from bussa_protocol.ids import RequestId, Seq


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A map within a frame. Fields with their default are left out on the wire."""


class ReplyBase(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="type"):
    """A reply."""


class ReplyWithId(ReplyBase, frozen=True):
    id: RequestId


class OkReply(ReplyWithId, frozen=True, tag="ok"):
    seq: Seq | None = None


class ErrorReply(ReplyBase, frozen=True, tag="error"):
    """A request was refused. ``id`` is left out if it could not be read; ``retry_after`` is in seconds."""

    code: ErrorCode
    message: str
    id: RequestId | None = None
    retry_after: float | None = None


class RequestBase(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="type"):
    """A request."""

    reply: ClassVar[type[ReplyBase] | None]
    """The reply, unless it is an ``ErrorReply``. None: the request has no reply at all."""


class RequestWithId(RequestBase, frozen=True):
    """A request with exactly one reply."""

    id: RequestId


class EventBase(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="type"):
    """An event."""


class LogEventBase(EventBase, frozen=True):
    """An event of the user's log."""

    author: ClassVar[str | None]
    """The field with the user who caused the event, which is hidden from whoever blocks that user. None: the owner of
    the log. Every class declares it."""

    seq: Seq

    def __init_subclass__(cls) -> None:
        if not hasattr(cls, "author"):
            raise TypeError(f"{cls.__name__} does not declare its author")
