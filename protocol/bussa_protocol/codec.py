"""Frames to bytes and back, in JSON (RFC 8259) and MessagePack.

``JSON`` and ``MSGPACK`` are the two codecs; both carry the same maps. Decoding any bytes either returns a
request or raises ``FrameError``.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from bussa_protocol import version
from bussa_protocol.frames import Request
from bussa_protocol.ids import RequestId


class FrameError(ValueError):
    """Bytes that are not a request.

    ``undecodable``: they are not a map of this codec, and the connection is closed with 4400. Otherwise the
    request is unknown, or a field is missing, mistyped or out of range. It is answered with ``bad_request``
    under ``id`` (``None`` if that is unreadable).
    """

    def __init__(self, message: str, *, undecodable: bool = False, id: int | None = None) -> None:
        super().__init__(message)
        self.undecodable = undecodable
        self.id = id


# msgspec raises ``DecodeError`` (of which ``ValidationError`` is a subclass) for bad bytes, ``UnicodeDecodeError``
# for bad UTF-8, and ``RecursionError`` for deep nesting.
_DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Codec:
    """One of the two encodings. Its functions are attributes, so that a call costs one look-up."""

    def __init__(
        self,
        name: str,
        *,
        binary: bool,
        encode: Callable[[Any], bytes],
        decode_request: Callable[[bytes], Request],
        decode_top_level: Callable[[bytes], dict[Any, msgspec.Raw]],
        decode_id: Callable[[msgspec.Raw], int],
    ) -> None:
        self.name = name
        """The subprotocol's name."""
        self.binary = binary
        """Whether a frame is binary (opcode 2) or text (opcode 1)."""
        self.encode = encode
        """Encodes any frame or part of one."""
        self._decode_request = decode_request
        self._decode_top_level = decode_top_level
        self._decode_id = decode_id

    def decode(self, data: bytes) -> Request:
        """Decode one request.

        Raises:
            FrameError: ``data`` is not a request.
        """
        try:
            return self._decode_request(data)
        except msgspec.ValidationError as error:
            # msgspec stops at the first invalid field, so the rest may still be undecodable.
            raise self._to_frame_error(data, str(error)) from None
        except _DECODE_ERRORS as error:
            raise FrameError(f"not {self.name}: {_describe(error)}", undecodable=True) from None

    def _to_frame_error(self, data: bytes, message: str) -> FrameError:
        # Only the top level is decoded. Deeper values are not needed for the answer, and may be well-formed but
        # beyond Python's types (1e400, a timestamp in the year 10,000).
        try:
            fields = self._decode_top_level(data)
        except msgspec.ValidationError:
            return FrameError(f"not {self.name}: a frame must be a map", undecodable=True)
        except (*_DECODE_ERRORS, TypeError) as error:  # TypeError: a map as the key of a map
            return FrameError(f"not {self.name}: {_describe(error)}", undecodable=True)
        return FrameError(message, id=self._read_id(fields.get("id")))

    def _read_id(self, raw: msgspec.Raw | None) -> int | None:
        try:
            return None if raw is None else self._decode_id(raw)
        except _DECODE_ERRORS:
            return None


def _describe(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


JSON = Codec(
    version.JSON,
    binary=False,
    encode=msgspec.json.Encoder().encode,
    decode_request=msgspec.json.Decoder(Request).decode,
    decode_top_level=msgspec.json.Decoder(dict[Any, msgspec.Raw]).decode,
    decode_id=msgspec.json.Decoder(RequestId).decode,
)
MSGPACK = Codec(
    version.MSGPACK,
    binary=True,
    encode=msgspec.msgpack.Encoder().encode,
    decode_request=msgspec.msgpack.Decoder(Request).decode,
    decode_top_level=msgspec.msgpack.Decoder(dict[Any, msgspec.Raw]).decode,
    decode_id=msgspec.msgpack.Decoder(RequestId).decode,
)
CODECS = (JSON, MSGPACK)
_BY_NAME = {codec.name: codec for codec in CODECS}


def by_subprotocol(name: str | None) -> Codec:
    """The codec of a negotiated subprotocol; JSON for ``None`` (none was offered)."""
    return JSON if name is None else _BY_NAME[name]
