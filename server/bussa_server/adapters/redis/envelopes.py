"""Envelopes and heartbeats as bytes: MessagePack arrays."""

from typing import Literal

import msgspec

from bussa_server.ports.bus import Envelope


class Carried(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An envelope, and the node that it comes from."""

    node: str
    user: str
    seq: int | None
    json: bytes
    msgpack: bytes
    revoked_at: int | None
    spent: bool


class Beat(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A node's sign of life. ``torn``: envelopes of it may have been lost; ``bye``: it ends, and nothing was lost."""

    node: str
    kind: Literal["alive", "torn", "bye"]


_encode = msgspec.msgpack.Encoder().encode
_carried = msgspec.msgpack.Decoder(Carried).decode
_beat = msgspec.msgpack.Decoder(Beat).decode


class ForeignError(ValueError):
    """Bytes on one of our channels that are not ours."""


def pack(node: str, envelope: Envelope) -> bytes:
    return _encode(Carried(node, *envelope))


def pack_beat(beat: Beat) -> bytes:
    return _encode(beat)


def unpack(data: bytes) -> tuple[str, Envelope]:
    """The node that an envelope comes from, and the envelope. Raises ForeignError."""
    try:
        carried = _carried(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ForeignError(str(error)) from error
    return carried.node, Envelope(
        carried.user, carried.seq, carried.json, carried.msgpack, carried.revoked_at, carried.spent
    )


def unpack_beat(data: bytes) -> Beat:
    """Raises ForeignError."""
    try:
        return _beat(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ForeignError(str(error)) from error
