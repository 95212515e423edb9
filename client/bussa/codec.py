"""Frames to bytes and back, by ``msgpack``: an implementation that is not the server's.

Both must agree on every frame; the tests hold them to it.
"""

from dataclasses import dataclass
from typing import Any, cast

import msgpack
import msgspec

from bussa.errors import BadRequestError, ProtocolError
from bussa_protocol import limits
from bussa_protocol.frames import Request
from bussa_protocol.frames.events import Event
from bussa_protocol.frames.replies import Reply
from bussa_protocol.frames.requests import RequestWithId

FRAME_MAX = 16 * 1024 * 1024
"""Bytes of a frame of the server's. The 64 KiB of the contract bind the client; a page of 200 messages of
10,000 characters is up to 8 MB, and twice that leaves room for what may be added."""


@dataclass(frozen=True, slots=True)
class UnknownFrame:
    """A frame that this version does not know. Its ``seq`` still counts, its ``id`` was still answered."""

    type: str
    seq: int | None
    id: int | None


def encode(request: Request | RequestWithId) -> bytes:
    """The bytes of a request.

    Raises:
        BadRequestError: it can't be said at all: it is too large for a frame, or its text is no Unicode.
    """
    try:
        data = cast("bytes", msgpack.packb(msgspec.to_builtins(request)))
    except (UnicodeEncodeError, OverflowError, TypeError) as error:
        raise BadRequestError(f"cannot be put into a frame: {error}") from error
    if len(data) > limits.FRAME:
        raise BadRequestError(f"the frame would have {len(data)} bytes; {limits.FRAME} is the most")
    return data


def decode(data: bytes | str) -> Reply | Event | UnknownFrame:
    """The frame that ``data`` holds; an unknown one is ``Skipped``.

    Raises:
        ProtocolError: it is no MessagePack map with a type.
    """
    if isinstance(data, str):
        raise ProtocolError("a text frame on a binary subprotocol")
    try:
        value: object = msgpack.unpackb(data)
    # ValueError is the root of all that msgpack raises for bad bytes, UnicodeDecodeError included.
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"not MessagePack: {error}") from error
    return frame_from_map(value)


def frame_from_map(value: object) -> Reply | Event | UnknownFrame:
    """The typed frame of a map: of a whole frame, or of an entry of a ``sync`` reply.

    ``settings`` is the name of a reply and of an event; the ``id`` tells them apart.
    """
    if not isinstance(value, dict):
        raise ProtocolError("a frame is a map")
    fields = cast("dict[str, Any]", value)
    kind = fields.get("type")
    if not isinstance(kind, str):
        raise ProtocolError("a frame has a type")
    is_reply = "id" in fields or kind in ("welcome", "error")
    try:
        return msgspec.convert(fields, Reply) if is_reply else msgspec.convert(fields, Event)
    except msgspec.ValidationError:
        return UnknownFrame(kind, _number(fields.get("seq")), _number(fields.get("id")))


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
