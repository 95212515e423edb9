"""Where a frame ends: held to websockets' own parser, for any frames and any cut of them."""

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from bussa_protocol.limits import FRAME
from bussa_server.transport.frames import INCOMPLETE, NEEDS_PARSER, frame_end, payload_start


def serialized(payload: bytes, opcode: Opcode = Opcode.BINARY) -> bytes:
    return Frame(opcode, payload).serialize(mask=True)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.integers(0, 400))
def test_frame_end_is_exact(payloads: list[bytes], cut: int) -> None:
    frames = [serialized(payload) for payload in payloads]
    data, position = b"".join(frames), 0
    for frame in frames:
        missing = data[: position + min(cut, len(frame) - 1)]
        assert frame_end(missing, position, FRAME) == INCOMPLETE
        assert frame_end(data, position, FRAME) == position + len(frame)
        position += len(frame)


@given(st.binary(max_size=300))
def test_payload_begins_after_its_masking_key(payload: bytes) -> None:
    data = serialized(payload)
    start = payload_start(data, 0)
    key = data[start - 4 : start]
    assert bytes(byte ^ key[index % 4] for index, byte in enumerate(data[start:])) == payload


def test_oversized_frame_is_left_to_the_parser_by_its_length() -> None:
    # A length of 16 bits ends one below the limit of a frame: the largest one has a length of 64.
    for size in (FRAME - 1, FRAME):
        largest = serialized(b"x" * size)
        assert frame_end(largest, 0, FRAME) == len(largest)
        assert len(largest) - payload_start(largest, 0) == size
        assert all(frame_end(largest[:cut], 0, FRAME) == INCOMPLETE for cut in (*range(16), len(largest) - 1))
    assert frame_end(serialized(b"x" * (FRAME + 1))[:10], 0, FRAME) == NEEDS_PARSER


def test_unmasked_frame_is_left_to_the_parser() -> None:
    assert frame_end(Frame(Opcode.BINARY, b"hello").serialize(mask=False), 0, FRAME) == NEEDS_PARSER
