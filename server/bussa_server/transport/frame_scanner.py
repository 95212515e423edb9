"""Where a client's frame ends (RFC 6455, section 5.2). Pure."""

TEXT, BINARY, PING, PONG = 0x81, 0x82, 0x89, 0x8A
"""The first byte of a frame: final, nothing reserved, the opcode."""

UNFRAGMENTED = frozenset((TEXT, BINARY))
"""A message in one frame."""

CONTROL = frozenset((PING, PONG))

MAX_CONTROL_FRAME = 6 + 125
"""Bytes of the longest control frame of a client (section 5.5)."""

INCOMPLETE = -1
NEEDS_PARSER = 0


def frame_end(data: bytes, position: int, max_payload: int) -> int:
    """Where the frame that begins at ``position`` ends. ``largest``: bytes of a payload; the parser has the same
    limit, so that it refuses at once whatever is left to it, and never waits in the middle of a frame.

    `INCOMPLETE`: not all of it is there. `FOREIGN`: it is none that we cut ourselves, because it is not masked or is
    too large; a parser that knows why must say so, and need not wait for the rest of it.
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
    """Where the payload of a complete frame begins; its masking key is the four bytes before."""
    length = data[position + 1] & 0x7F
    return position + (6 if length < 126 else 8 if length == 126 else 14)
