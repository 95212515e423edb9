"""Frames to bytes and back, in JSON (RFC 8259) and MessagePack.

``JSON`` and ``MSGPACK`` are the two codecs; both carry the same maps. Decoding bytes of a client
gives a request or raises ``FrameError``, whatever the bytes are, and nothing else.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from protocol import limits, version
from protocol.frames import Request


class FrameError(ValueError):
    """Bytes that are no request of the contract.

    ``undecodable``: they are not even a map of this codec; the connection is closed with 4400.
    Otherwise the map is no known request or a field is missing, mistyped or out of range: it is
    answered with ``bad_request`` under ``id`` (``None`` where that could not be read).
    """

    def __init__(self, message: str, *, undecodable: bool = False, id: int | None = None) -> None:
        super().__init__(message)
        self.undecodable = undecodable
        self.id = id


# What msgspec raises for bad bytes: ``DecodeError`` (and ``ValidationError``, which is one), for bad
# UTF-8 ``UnicodeDecodeError``, and for deep nesting ``RecursionError``, which is no ``DecodeError``.
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Codec:
    """One of the two encodings. Its functions are attributes, so that a call is one look-up."""

    def __init__(
        self,
        name: str,
        *,
        binary: bool,
        encode: Callable[[Any], bytes],
        decode_request: Callable[[bytes], Request],
        decode_any: Callable[[bytes], Any],
    ) -> None:
        self.name = name
        """The subprotocol."""
        self.binary = binary
        """Whether a frame is binary (opcode 2) or text (opcode 1)."""
        self.encode = encode
        """Any frame or part of the contract to bytes."""
        self._decode_request = decode_request
        self._decode_any = decode_any

    def decode(self, data: bytes) -> Request:
        """The request that ``data`` holds.

        Raises:
            FrameError: it holds none; see there.
        """
        try:
            return self._decode_request(data)
        except msgspec.ValidationError as error:
            # msgspec stops at the first field that is wrong, so the rest has not been looked at yet.
            raise self._explain(data, str(error)) from None
        except _UNDECODABLE as error:
            raise FrameError(f"not {self.name}: {_say(error)}", undecodable=True) from None

    def _explain(self, data: bytes, complaint: str) -> FrameError:
        try:
            value = self._decode_any(data)
        except (*_UNDECODABLE, TypeError) as error:  # TypeError: a map as the key of a map
            return FrameError(f"not {self.name}: {_say(error)}", undecodable=True)
        if not isinstance(value, dict):
            return FrameError(f"not {self.name}: a frame is a map", undecodable=True)
        return FrameError(complaint, id=_readable_id(value.get("id")))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _readable_id(value: object) -> int | None:
    # A bool is an int to Python, and is none to the contract.
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= limits.REQUEST_ID_MAX:
        return value
    return None


def _say(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


JSON = Codec(
    version.JSON,
    binary=False,
    encode=msgspec.json.Encoder().encode,
    decode_request=msgspec.json.Decoder(Request).decode,
    decode_any=msgspec.json.Decoder().decode,
)
MSGPACK = Codec(
    version.MSGPACK,
    binary=True,
    encode=msgspec.msgpack.Encoder().encode,
    decode_request=msgspec.msgpack.Decoder(Request).decode,
    decode_any=msgspec.msgpack.Decoder().decode,
)
CODECS = (JSON, MSGPACK)
_BY_NAME = {codec.name: codec for codec in CODECS}


def by_subprotocol(name: str | None) -> Codec:
    """The codec of a negotiated subprotocol; ``None`` (nothing was offered) is JSON."""
    return JSON if name is None else _BY_NAME[name]
