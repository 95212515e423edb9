"""RFC 6455, by section: what an echo on the transport answers to a sequence of frames.

The same ground as Autobahn's suite (tests/autobahn), which needs Python 2.7. The echo closes with 1007 for a text that
is not UTF-8, as the RFC wants it; Bussa's contract has 4400 there.
"""

import itertools
from collections.abc import AsyncIterator

import pytest

from bussa_protocol.limits import FRAME
from tests.autobahn.echo import serving
from tests.transport.peer import BINARY, CLOSE, PING, PONG, TEXT, Ended, Peer, frame, peer

CONT = 0
FIN, RSV1, RSV2, RSV3 = 0x80, 0x40, 0x20, 0x10

Frames = list[tuple[int, bytes]]


@pytest.fixture
async def device() -> AsyncIterator[Peer]:
    async with serving("contract") as port, peer(port) as device:
        assert await device.upgrade(subprotocol=b"") == 101
        yield device


def first_byte(value: int, payload: bytes = b"") -> bytes:
    """A frame with any first byte."""
    return bytes([value]) + frame(payload)[1:]


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(code.to_bytes(2, "big") + reason, CLOSE)


def fragments(*payloads: bytes, opcode: int = TEXT) -> bytes:
    first, *middle, last = payloads
    return b"".join(
        [frame(first, opcode, fin=False), *(frame(payload, CONT, fin=False) for payload in middle), frame(last, CONT)]
    )


_numbers = itertools.count(1)


def numbered(_: object) -> str:
    """The number of a case. Its bytes are masked at random, so they name it differently in each process."""
    return str(next(_numbers))


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        # 5.2: lengths.
        (frame(b""), [(TEXT, b"")]),
        (frame(b"x" * 125), [(TEXT, b"x" * 125)]),
        (frame(b"x" * 126), [(TEXT, b"x" * 126)]),
        (frame(b"x" * FRAME), [(TEXT, b"x" * FRAME)]),
        (frame(b"\xff" * 65_535, BINARY), [(BINARY, b"\xff" * 65_535)]),
        # 5.4: fragments.
        (fragments(b"a", b"b"), [(TEXT, b"ab")]),
        (fragments(b"", b"", b""), [(TEXT, b"")]),
        (fragments(b"\xff", b"\x00", opcode=BINARY), [(BINARY, b"\xff\x00")]),
        (fragments(b"a", b"b") + fragments(b"c", b"d"), [(TEXT, b"ab"), (TEXT, b"cd")]),
        (fragments(*[b"x"] * 1_000), [(TEXT, b"x" * 1_000)]),
        (frame(b"a", fin=False) + frame(b"p", PING) + frame(b"b", CONT), [(PONG, b"p"), (TEXT, b"ab")]),
        (frame(b"a", fin=False) + frame(b"p", PONG) + frame(b"b", CONT), [(TEXT, b"ab")]),
        # 5.5: control frames.
        (frame(b"", PING), [(PONG, b"")]),
        (frame(bytes(range(125)), PING), [(PONG, bytes(range(125)))]),
        (frame(b"1", PING) + frame(b"2", PING) + frame(b"a"), [(PONG, b"1"), (PONG, b"2"), (TEXT, b"a")]),
        (frame(b"unsolicited", PONG), []),
        # 8.1: UTF-8, also where a fragment ends within a character.
        (frame("κόσμε".encode()), [(TEXT, "κόσμε".encode())]),
        (fragments(b"\xce", b"\xba", b"a"), [(TEXT, "κa".encode())]),
        (frame("\U0010ffff".encode()), [(TEXT, "\U0010ffff".encode())]),
        (frame("\ufffe\ufdd0".encode()), [(TEXT, "\ufffe\ufdd0".encode())]),
    ],
    ids=numbered,
)
@pytest.mark.parametrize("writes", [1, 200], ids=["in one write", "in many"])
async def test_valid_frames_are_answered(device: Peer, sent: bytes, answers: Frames, writes: int) -> None:
    size = max(1, len(sent) // writes)
    for start in range(0, len(sent), size):
        await device.write(sent[start : start + size])
    for answer in answers:
        assert await device.frame() == answer
    await device.write(frame(b"still open", PING))
    assert await device.frame() == (PONG, b"still open")


PROTOCOL_ERROR, INVALID_DATA, TOO_BIG = 1002, 1007, 1009


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        # 5.1: a client masks.
        (b"\x81\x01a", PROTOCOL_ERROR),
        # 5.2: reserved bits, opcodes, lengths.
        *((first_byte(FIN | bit | opcode), PROTOCOL_ERROR) for bit in (RSV1, RSV2, RSV3) for opcode in (TEXT, PING)),
        *((first_byte(FIN | opcode), PROTOCOL_ERROR) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
        (frame(bytes(FRAME + 1), BINARY), TOO_BIG),
        (frame(b"x", claim=2**63), TOO_BIG),
        # 5.4: fragments.
        (frame(b"a", CONT), PROTOCOL_ERROR),
        (frame(b"a", CONT, fin=False), PROTOCOL_ERROR),
        (fragments(b"a", b"b") + frame(b"c", CONT), PROTOCOL_ERROR),
        (frame(b"a", fin=False) + frame(b"b"), PROTOCOL_ERROR),
        (frame(b"a", fin=False) + frame(b"b", BINARY, fin=False), PROTOCOL_ERROR),
        (fragments(bytes(FRAME), b"x", opcode=BINARY), TOO_BIG),
        # 5.5: control frames.
        (frame(b"a", PING, fin=False), PROTOCOL_ERROR),
        (frame(b"a", CLOSE, fin=False), PROTOCOL_ERROR),
        (frame(bytes(126), PING), PROTOCOL_ERROR),
        (frame(bytes(126), PONG), PROTOCOL_ERROR),
        (frame(bytes(126), CLOSE), PROTOCOL_ERROR),
        # 5.5.1 and 7.4: close frames.
        (frame(b"\x03", CLOSE), PROTOCOL_ERROR),
        *((close(code), PROTOCOL_ERROR) for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535)),
        (close(1000, b"\xce\xba\xff"), INVALID_DATA),
        # 8.1: UTF-8.
        (frame(b"\xff"), INVALID_DATA),
        (frame(b"\xce"), INVALID_DATA),
        (frame(b"\xc0\xaf"), INVALID_DATA),
        (frame(b"\xed\xa0\x80"), INVALID_DATA),
        (frame(b"\xf4\x90\x80\x80"), INVALID_DATA),
        (fragments(b"a", b"\xce"), INVALID_DATA),
    ],
    ids=numbered,
)
async def test_violation_is_closed_with_its_code(device: Peer, sent: bytes, code: int) -> None:
    """What came before it is answered."""
    await device.write(frame(b"before", PING))
    assert await device.frame() == (PONG, b"before")
    await device.write(sent)
    assert await device.close_code() == code


@pytest.mark.parametrize(
    "payload",
    [b"", *(code.to_bytes(2, "big") + b"bye" for code in (1000, 1001, 1002, 1003, 1007, 1011, 1012, 3000, 4999))],
)
async def test_close_frame_is_echoed_and_ends_the_connection(device: Peer, payload: bytes) -> None:
    await device.write(frame(b"before") + frame(payload, CLOSE) + frame(b"after") + frame(b"after", PING))
    assert await device.frame() == (TEXT, b"before")
    assert await device.frame() == (CLOSE, payload)
    with pytest.raises(Ended):
        await device.frame()


async def test_close_between_fragments_is_echoed(device: Peer) -> None:
    await device.write(frame(b"a", fin=False) + close(1000) + frame(b"b", CONT))
    assert await device.frame() == (CLOSE, (1000).to_bytes(2, "big"))
    with pytest.raises(Ended):
        await device.frame()
