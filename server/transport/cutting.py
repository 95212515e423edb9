"""Where a client's frame ends (RFC 6455, section 5.2). Pure."""

WHOLE = frozenset((0x81, 0x82))
"""The first byte of a message in one frame: final, nothing reserved, text or binary."""

INCOMPLETE = -1
FOREIGN = 0


def frame_end(data: bytes, position: int, largest: int) -> int:
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
        return FOREIGN
    length, head = second & 0x7F, 6
    if length >= 126:
        head = 8 if length == 126 else 14
        if size < position + head - 4:
            return INCOMPLETE
        length = int.from_bytes(data[position + 2 : position + head - 4], "big")
        if length > largest:
            return FOREIGN
    end = position + head + length
    return end if end <= size else INCOMPLETE


def payload_start(data: bytes, position: int) -> int:
    """Where the payload of a complete frame begins; its masking key is the four bytes before."""
    length = data[position + 1] & 0x7F
    return position + (6 if length < 126 else 8 if length == 126 else 14)
