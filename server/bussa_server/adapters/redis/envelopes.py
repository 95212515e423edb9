"""Envelopes and heartbeats as bytes: MessagePack arrays."""

from typing import Literal

import msgspec

from bussa_server.ports.bus import Envelope


class NodeEnvelope(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An envelope with the node that published it."""

    node: str
    user: str
    seq: int | None
    json: bytes
    msgpack: bytes
    revoked_at: int | None
    charge_sender: bool


class Heartbeat(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A node's heartbeat. ``torn``: envelopes of this node may have been lost; ``bye``: it stops, nothing was lost."""

    node: str
    kind: Literal["alive", "torn", "bye"]


_encode = msgspec.msgpack.Encoder().encode
_decode_envelope = msgspec.msgpack.Decoder(NodeEnvelope).decode
_decode_heartbeat = msgspec.msgpack.Decoder(Heartbeat).decode


class InvalidPayloadError(ValueError):
    """A payload on one of our channels that no node of ours has published."""


def encode_envelope(node: str, envelope: Envelope) -> bytes:
    return _encode(NodeEnvelope(node, *envelope))


def encode_heartbeat(heartbeat: Heartbeat) -> bytes:
    return _encode(heartbeat)


def decode_envelope(data: bytes) -> tuple[str, Envelope]:
    """The publishing node, and the envelope.

    Raises:
        InvalidPayloadError: not an envelope.
    """
    try:
        decoded = _decode_envelope(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidPayloadError(str(error)) from error
    return decoded.node, Envelope(
        decoded.user, decoded.seq, decoded.json, decoded.msgpack, decoded.revoked_at, decoded.charge_sender
    )


def decode_heartbeat(data: bytes) -> Heartbeat:
    """The heartbeat in ``data``.

    Raises:
        InvalidPayloadError: not a heartbeat.
    """
    try:
        return _decode_heartbeat(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidPayloadError(str(error)) from error
