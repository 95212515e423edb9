"""The frame scanner agrees with websockets' own parser, for any frames cut at any byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode

from bussa_protocol.limits import FRAME
from bussa_server.transport.frames import (
    BINARY,
    INCOMPLETE,
    NEEDS_PARSER,
    apply_mask,
    close_frame,
    frame_end,
    frame_header,
    payload_start,
    unmasked,
    xor,
)


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
def test_payload_is_unmasked_by_the_key_before_it(payload: bytes) -> None:
    data = b"before" + serialized(payload)
    assert unmasked(data, payload_start(data, 6), len(data)) == payload


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_masking_is_the_same_without_c_code(payload: bytes, key: bytes) -> None:
    assert xor(payload, key) == apply_mask(payload, key)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_frame_header_is_that_of_websockets(size: int) -> None:
    payload = bytes(size)
    assert frame_header(BINARY, size) + payload == Frame(Opcode.BINARY, payload).serialize(mask=False)


def test_close_frame_is_that_of_websockets() -> None:
    payload = Close(4400, "bad request").serialize()
    assert close_frame(4400, "bad request") == Frame(Opcode.CLOSE, payload).serialize(mask=False)


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
