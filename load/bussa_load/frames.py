"""The frames a device receives, with the fields that the harness uses (protocol, *WebSocket*). Typed decoding by
msgspec, because decoding is most of the harness's CPU time."""

from typing import Any

import msgspec


class _Frame(msgspec.Struct, gc=False, tag_field="type"):
    pass


class Welcome(_Frame, tag="welcome"):
    head: int
    epoch: str
    resumed: bool


class Message(_Frame, tag="message"):
    seq: int
    peer: str
    n: int
    sender: str = msgspec.field(name="from")
    text: str


class Sent(_Frame, tag="sent"):
    id: int
    n: int
    seq: int


class Ok(_Frame, tag="ok"):
    id: int
    seq: int | None = None


class Pong(_Frame, tag="pong"):
    id: int
    head: int


class Error(_Frame, tag="error"):
    code: str
    message: str
    id: int | None = None
    retry_after: float | None = None


class Hidden(_Frame, tag="hidden"):
    seq: int


class Other(msgspec.Struct):
    """Any other event."""

    type: str
    seq: int | None = None


Frame = Welcome | Message | Sent | Ok | Pong | Error | Hidden | Other

_known = msgspec.msgpack.Decoder(Welcome | Message | Sent | Ok | Pong | Error | Hidden).decode
_other = msgspec.msgpack.Decoder(Other).decode
encode: Any = msgspec.msgpack.Encoder().encode


def decode(payload: bytes) -> Frame:
    """Raises msgspec.DecodeError: the frame violates the protocol."""
    try:
        return _known(payload)
    except msgspec.ValidationError:
        found = _other(payload)
        if found.type in ("welcome", "message", "sent", "ok", "pong", "error", "hidden"):
            raise
        return found
