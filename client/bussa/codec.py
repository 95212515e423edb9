"""Frames to bytes and back, by ``msgpack``: another implementation than the server's (msgspec).

Tests check that both agree on every frame.
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
"""Limit of an incoming frame in bytes. The protocol's 64 KiB bind the client only. A page of 200 messages of 10,000
characters has up to 8 MB; twice that leaves room for fields to come."""


@dataclass(frozen=True, slots=True)
class UnknownFrame:
    """A frame of an unknown type. Its ``seq`` still counts in the log, its ``id`` still settles a request."""

    type: str
    seq: int | None
    id: int | None


def encode(request: Request | RequestWithId) -> bytes:
    """Encode a request.

    Raises:
        BadRequestError: too large for a frame, or not valid Unicode.
    """
    try:
        data = cast("bytes", msgpack.packb(msgspec.to_builtins(request)))
    except (UnicodeEncodeError, OverflowError, TypeError) as error:
        raise BadRequestError(f"cannot be encoded: {error}") from error
    if len(data) > limits.FRAME:
        raise BadRequestError(f"frame too large: {len(data)} bytes, at most {limits.FRAME}")
    return data


def decode(data: bytes | str) -> Reply | Event | UnknownFrame:
    """Decode a frame; one of an unknown type is an ``UnknownFrame``.

    Raises:
        ProtocolError: not a MessagePack map with a type.
    """
    if isinstance(data, str):
        raise ProtocolError("text frame on a binary subprotocol")
    try:
        value: object = msgpack.unpackb(data)
    # ValueError is the base of everything that msgpack raises for invalid bytes, UnicodeDecodeError included.
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"not MessagePack: {error}") from error
    return frame_from_map(value)


def frame_from_map(value: object) -> Reply | Event | UnknownFrame:
    """The typed frame of a map: a whole frame, or an entry of a ``sync`` reply.

    ``settings`` is both a reply and an event; the ``id`` tells them apart.
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
