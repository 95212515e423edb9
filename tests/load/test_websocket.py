"""The WebSocket client of the harness: its frames against the parser of `websockets`, and its close codes."""

import asyncio
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.server import ServerProtocol

from bussa_load.websocket import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    ZERO_MASK,
    InvalidFrameError,
    connect,
    encode_frame,
    split_frame,
    upgrade_request,
)

SIZES = (0, 1, 125, 126, 65535, 65536)
ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


def accepted_server() -> ServerProtocol:
    """The server's end of a connection after the opening handshake."""
    server = ServerProtocol(max_size=None)
    server.receive_data(upgrade_request("bussa.test", subprotocol="bussa.v1.json", headers=(b"X: y",)))
    (request,) = server.events_received()
    assert isinstance(request, Request)
    assert (request.path, request.headers["Host"], request.headers["X"]) == ("/v1/socket", "bussa.test", "y")
    assert request.headers["Sec-WebSocket-Protocol"] == "bussa.v1.json"
    response = server.accept(request)
    assert response.status_code == 101
    server.send_response(response)
    server.data_to_send()
    return server


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mask", [ZERO_MASK, b"\x01\x02\x03\xff"])
def test_client_frame_is_read_by_websockets(size: int, mask: bytes) -> None:
    server, payload = accepted_server(), os.urandom(size)
    server.receive_data(encode_frame(payload, BINARY, mask=mask))
    (frame,) = server.events_received()
    assert isinstance(frame, Frame)
    assert (frame.opcode, frame.data, frame.fin) == (BINARY, payload, True)


def test_client_frame_may_be_a_fragment() -> None:
    server = accepted_server()
    server.receive_data(encode_frame(b"a", TEXT, fin=False) + encode_frame(b"b", 0))
    assert [(frame.opcode, frame.fin) for frame in server.events_received() if isinstance(frame, Frame)] == [
        (TEXT, False),
        (0, True),
    ]


@pytest.mark.parametrize("claim", [5, 300, 100_000])
def test_claimed_length_stands_in_the_head(claim: int) -> None:
    server = accepted_server()
    server.receive_data(encode_frame(b"abc", claim=claim))
    assert server.events_received() == []
    server.receive_data(bytes(claim - 3))
    (frame,) = server.events_received()
    assert isinstance(frame, Frame)
    assert len(frame.data) == claim


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """All complete frames, and the rest."""
    frames: list[tuple[int, bytes]] = []
    start = 0
    while (found := split_frame(data, start)) is not None:
        opcode, payload, start = found
        frames.append((opcode, payload))
    return frames, data[start:]


@given(st.lists(st.sampled_from(SIZES), min_size=1, max_size=4), st.data())
def test_server_frames_are_split_at_any_cut(sizes: list[int], data: st.DataObject) -> None:
    server = accepted_server()
    payloads = [bytes(size) for size in sizes]
    for payload in payloads:
        server.send_binary(payload)
    stream = b"".join(server.data_to_send())
    assert stream == b"".join(encode_frame(payload, mask=None) for payload in payloads)
    heads = st.integers(0, 11).map(lambda offset: min(offset, len(stream)))
    cut = data.draw(heads | st.integers(0, len(stream)))
    frames, rest = split(stream[:cut])
    more, end = split(rest + stream[cut:])
    assert frames + more == [(BINARY, payload) for payload in payloads]
    assert end == b""


@pytest.mark.parametrize("head", [b"\x82\x80\0\0\0\0", b"\xc2\x00", b"\xa2\x00", b"\x92\x00"])
def test_masked_frame_and_reserved_bits_are_invalid(head: bytes) -> None:
    with pytest.raises(InvalidFrameError):
        split_frame(head)


@pytest.mark.parametrize(
    ("data", "code", "answer"),
    [
        (encode_frame(b"\x0f\xa0bye", CLOSE, mask=None), 4000, encode_frame(b"\x0f\xa0bye", CLOSE)),
        (encode_frame(b"", CLOSE, mask=None), 1005, encode_frame(b"", CLOSE)),
        (encode_frame(b"hi", PING, mask=None), 1006, encode_frame(b"hi", PONG)),
        (b"", 1006, b""),
        (encode_frame(b""), 1002, b""),
    ],
    ids=["close", "close without a code", "ping, then cut", "cut", "masked frame"],
)
async def test_close_code_is_that_of_the_close_frame(data: bytes, code: int, answer: bytes) -> None:
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ACCEPTED + data)
        answered.set_result(await reader.readexactly(len(answer)))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, asyncio.timeout(10):
        port = server.sockets[0].getsockname()[1]
        connection = await connect("127.0.0.1", port, "bussa.v1.msgpack", lambda *_: None)
        assert await connection.closed == code
        assert await answered == answer
