"""Decoding any bytes gives a request or a ``FrameError``, and nothing else."""

import json
import typing
from typing import Any

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bussa_protocol import limits
from bussa_protocol.codec import CODECS, JSON, MSGPACK, Codec, FrameError, by_subprotocol
from bussa_protocol.frames import Request, requests
from tests.protocol.strategies import JSON_VALUES, REQUESTS, SHORT_TEXTS
from tests.protocol.vectors import load_vectors

KINDS = typing.get_args(Request)
VALID: dict[Codec, list[bytes]] = {
    JSON: [entry["json"].encode() for entry in load_vectors("requests.json")],
    MSGPACK: [bytes.fromhex(entry["msgpack"]) for entry in load_vectors("requests.json")],
}
each_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)


def decode(codec: Codec, data: bytes) -> Request | FrameError:
    """The request, or the error that was raised. Any other result fails the test."""
    try:
        result: Request | FrameError = codec.decode(data)
    except FrameError as error:
        result = error
    if isinstance(result, FrameError):
        assert str(result)
        assert result.id is None or (not result.undecodable and 1 <= result.id <= limits.REQUEST_ID_MAX)
    else:
        assert isinstance(result, KINDS)
    return result


@each_codec
@given(data=st.binary(max_size=200))
def test_random_bytes_give_a_request_or_a_frame_error(codec: Codec, data: bytes) -> None:
    decode(codec, data)


@st.composite
def damaged_frames(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A valid frame with bytes changed, dropped, doubled, inserted or cut off."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(start + 8, len(data))))
        match draw(st.sampled_from(["change", "drop", "double", "insert", "cut"])):
            case "change":
                data[start:end] = draw(st.binary(min_size=end - start, max_size=end - start))
            case "drop":
                del data[start:end]
            case "double":
                data[start:start] = data[start:end]
            case "insert":
                data[start:start] = draw(st.binary(max_size=8))
            case _:
                del data[start:]
    return bytes(data)


@given(data=damaged_frames(VALID[JSON]))
def test_damaged_json_gives_a_request_or_a_frame_error(data: bytes) -> None:
    decode(JSON, data)


@given(data=damaged_frames(VALID[MSGPACK]))
def test_damaged_msgpack_gives_a_request_or_a_frame_error(data: bytes) -> None:
    decode(MSGPACK, data)


# Names and types of the contract with arbitrary values: what a buggy client would send.
LIKELY_KEYS = st.sampled_from(["id", "peer", "to", "user", "text", "nonce", "n", "limit", "before", "after", "set"])
LIKELY_TYPES = st.sampled_from([kind.__struct_config__.tag for kind in KINDS])
LIKELY_IDS = st.integers(-1, 3) | st.just(2**31) | JSON_VALUES


@each_codec
@given(
    fields=st.dictionaries(LIKELY_KEYS | SHORT_TEXTS, JSON_VALUES, max_size=6),
    kind=LIKELY_TYPES | SHORT_TEXTS,
    id=LIKELY_IDS,
)
@example(fields={}, kind="ping", id=7.0)
@example(fields={}, kind="ping", id=True)
@example(fields={"x": 2**64 - 1}, kind="unsend", id=1)
def test_bad_map_does_not_close_and_is_answered_under_its_id(
    codec: Codec, fields: dict[str, Any], kind: str, id: Any
) -> None:
    frame = {**fields, "type": kind, "id": id}
    data = json.dumps(frame).encode() if codec is JSON else msgpack.packb(frame)
    readable = type(id) is int and 1 <= id <= limits.REQUEST_ID_MAX
    match decode(codec, data):
        case FrameError() as error:
            assert not error.undecodable
            assert error.id == (id if readable else None)
        case requests.HelloRequest() | requests.TypingRequest():
            pass
        case request:
            assert request.id == id


@each_codec
@given(frame=REQUESTS)
def test_request_round_trips(codec: Codec, frame: Request) -> None:
    assert codec.decode(codec.encode(frame)) == frame


DEEP = 20_000
NESTED = {
    JSON: [
        b"[" * DEEP,
        b'{"x":' * DEEP,
        b'{"type":"ping","id":1,"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"type":"unsend","id":1,"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"type":"settings","id":1,"set":' + b'{"x":' * DEEP + b"1" + b"}" * DEEP + b"}",
    ],
    MSGPACK: [
        b"\x91" * DEEP,
        b"\x81\xa1x" * DEEP,
        b"\x83\xa4type\xa4ping\xa2id\x01\xa1x" + b"\x91" * DEEP + b"\x01",
        b"\x83\xa4type\xa6unsend\xa2id\x01\xa1x" + b"\x91" * DEEP + b"\x01",
        b"\x81" * DEEP,  # maps as the keys of maps
    ],
}


@pytest.mark.parametrize(("codec", "data"), [(codec, data) for codec in CODECS for data in NESTED[codec]])
def test_deep_nesting_is_refused_without_a_crash(codec: Codec, data: bytes) -> None:
    # The permitted depth is that of Python; a stack overflow would be a crash.
    match decode(codec, data):
        case FrameError() as error:
            assert error.undecodable or error.id == 1
        case request:
            assert request == requests.PingRequest(id=1)


@pytest.mark.parametrize("opcode", [b"\xdf", b"\xdd", b"\xdb", b"\xc6", b"\xc9"])
@pytest.mark.parametrize("prefix", [b"", b"\x82\xa4type\xa4ping\xa2id", b"\x83\xa4type\xa6unsend\xa2id\x01\xa1x"])
def test_length_prefix_of_4_gib_is_refused_without_allocating(opcode: bytes, prefix: bytes) -> None:
    error = decode(MSGPACK, prefix + opcode + b"\xff\xff\xff\xff" + b"\x01" * 8)
    assert isinstance(error, FrameError)
    assert error.undecodable


def test_duplicate_key_takes_the_last_value() -> None:
    assert JSON.decode(b'{"type":"ping","id":1,"id":2}') == requests.PingRequest(id=2)
    assert MSGPACK.decode(b"\x83\xa4type\xa4ping\xa2id\x01\xa2id\x02") == requests.PingRequest(id=2)


def test_duplicate_type_tag_is_refused() -> None:
    error = decode(JSON, b'{"type":"ping","type":"sync","id":2,"after":3}')
    assert isinstance(error, FrameError)
    assert (error.undecodable, error.id) == (False, 2)


def test_unknown_fields_are_not_decoded() -> None:
    # Well-formed, but beyond the numbers of Python and the timestamps of MessagePack.
    assert JSON.decode(b'{"type":"ping","id":1,"x":1e400}') == requests.PingRequest(id=1)
    assert MSGPACK.decode(b"\x83\xa4type\xa4ping\xa2id\x01\xa1x\xc7\x0c\xff" + b"\xff" * 12) == requests.PingRequest(
        id=1
    )
    for codec, data in (
        (JSON, b'{"type":"unsend","id":1,"x":1e400}'),
        (MSGPACK, b"\x83\xa4type\xa6unsend\xa2id\x01\xa1x\xc7\x0c\xff" + b"\xff" * 12),
    ):
        error = decode(codec, data)
        assert isinstance(error, FrameError)
        assert (error.undecodable, error.id) == (False, 1)


def test_text_limit_counts_code_points() -> None:
    longest = requests.SendRequest(id=1, to="bob", text="👋" * 10_000, nonce="n")
    too_long = requests.SendRequest(id=1, to="bob", text="👋" * 10_001, nonce="n")
    for codec in CODECS:
        assert codec.decode(codec.encode(longest)) == longest
        error = decode(codec, codec.encode(too_long))
        assert isinstance(error, FrameError)
        assert (error.undecodable, error.id) == (False, 1)


def test_subprotocol_selects_its_codec() -> None:
    assert by_subprotocol(None) is JSON
    assert [by_subprotocol(codec.name) for codec in CODECS] == list(CODECS)
    assert (JSON.binary, MSGPACK.binary) == (False, True)
