"""WebSocket frames (RFC 6455, section 5.2) without a parser: where a client's frame ends, a server's frame header.

Pure. Held to websockets' own parser by tests/transport/test_frames.py.
"""

from collections.abc import Callable

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A
"""First byte of an unfragmented frame: FIN set, reserved bits clear, opcode."""

UNFRAGMENTED = frozenset((TEXT, BINARY))

PING_PONG = frozenset((PING, PONG))

OPCODE = 0x0F
"""Mask for the opcode in the first byte."""

MAX_CONTROL_FRAME = 6 + 125
"""Bytes of the longest control frame of a client (section 5.5): header, masking key, payload."""

INCOMPLETE = -1
NEEDS_PARSER = 0


def frame_end(data: bytes, position: int, max_payload: int) -> int:
    """Return where the frame that begins at ``position`` ends.

    ``max_payload`` is in bytes. The parser must have the same limit: then it refuses a larger frame at once, and does
    not wait for the rest of it.

    Returns:
        `INCOMPLETE` if the end of the frame has not been received yet. `NEEDS_PARSER` if the frame is unmasked or too
        large; the parser closes the connection with the right code and does not need the rest of the frame.
    """
    size = len(data)
    if size < position + 2:
        return INCOMPLETE
    second = data[position + 1]
    if second < 0x80:
        return NEEDS_PARSER
    length, head = second & 0x7F, 6
    if length >= 126:
        head = 8 if length == 126 else 14
        if size < position + head - 4:
            return INCOMPLETE
        length = int.from_bytes(data[position + 2 : position + head - 4], "big")
        if length > max_payload:
            return NEEDS_PARSER
    end = position + head + length
    return end if end <= size else INCOMPLETE


def payload_start(data: bytes, position: int) -> int:
    """Return where the payload of a complete frame begins. The four bytes before it are the masking key."""
    length = data[position + 1] & 0x7F
    return position + (6 if length < 126 else 8 if length == 126 else 14)


def frame_header(first: int, size: int) -> bytes:
    """Header of an unmasked frame. ``first`` is its first byte, ``size`` the payload's length in bytes."""
    if size < 126:
        return bytes((first, size))
    if size < 65536:
        return bytes((first, 126)) + size.to_bytes(2, "big")
    return bytes((first, 127)) + size.to_bytes(8, "big")


def close_frame(code: int, reason: str) -> bytes:
    payload = code.to_bytes(2, "big") + reason.encode()
    return frame_header(CLOSE, len(payload)) + payload


def xor(payload: bytes, key: bytes) -> bytes:
    """Apply a masking key (section 5.3)."""
    size = len(payload)
    repeated = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")


apply_mask: Callable[[bytes, bytes], bytes]
try:
    # C code, a tenth of the time. websockets is installed without it where nothing could be compiled.
    from websockets.speedups import apply_mask
except ImportError:  # pragma: no cover
    apply_mask = xor


def unmasked(data: bytes, start: int, end: int) -> bytes:
    """Return the payload at ``data[start:end]``, unmasked by the key before it."""
    return apply_mask(data[start:end], data[start - 4 : start])
