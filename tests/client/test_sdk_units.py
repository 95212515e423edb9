"""Unit tests of backoff, event queue, URLs and errors; the codec against the server's implementation."""

import msgpack
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bussa import Backoff, ProtocolError, codec
from bussa.codec import UnknownFrame
from bussa.connect import http_url, socket_url
from bussa.errors import api_error
from bussa.event_queue import Cursor, EventQueue, Reset
from bussa_protocol.codec import MSGPACK
from bussa_protocol.codes import ErrorCode, ReconnectAdvice
from bussa_protocol.frames import events, parts, replies, requests
from bussa_protocol.frames.events import Event
from bussa_protocol.frames.replies import Reply
from tests.protocol.strategies import EVENTS, REPLIES, REQUESTS

JITTER = st.floats(min_value=0, max_value=1, exclude_max=True)


CEILINGS = {
    ReconnectAdvice.BACKOFF: [1, 2, 4, 8, 16, 32, 60, 60],
    ReconnectAdvice.SOON: [3, 6, 12, 24, 48, 60, 60, 60],
    ReconnectAdvice.NEW_TOKEN: [0, 2, 4, 8, 16, 32, 60, 60],
}


@pytest.mark.parametrize(("advice", "ceilings"), CEILINGS.items())
def test_backoff_ceiling_doubles_up_to_the_cap(advice: ReconnectAdvice, ceilings: list[int]) -> None:
    backoff = Backoff()
    assert [backoff.delay(advice, attempt, 1.0) for attempt in range(8)] == ceilings
    assert backoff.delay(advice, 10**9, 1.0) == backoff.cap


@given(st.sampled_from(list(CEILINGS)), st.integers(0, 12), JITTER)
def test_backoff_delay_is_jittered_below_its_ceiling(advice: ReconnectAdvice, attempt: int, jitter: float) -> None:
    backoff = Backoff()
    ceiling = backoff.delay(advice, attempt, 1.0)
    assert backoff.delay(advice, attempt, jitter) == pytest.approx(jitter * ceiling)
    assert 0 <= ceiling <= backoff.cap


@given(st.floats(0, 3600), st.integers(0, 50), JITTER)
def test_retry_after_is_respected(retry_after: float, tries: int, jitter: float) -> None:
    assert retry_after <= Backoff().retry_delay(retry_after, tries, jitter) <= retry_after * 1.25


@given(REQUESTS)
def test_request_decodes_the_same_on_the_server(request: requests.RequestBase) -> None:
    assert MSGPACK.decode(codec.encode(request)) == request


@given(REPLIES | EVENTS)
def test_server_frame_decodes_the_same_here(frame: object) -> None:
    assert codec.decode(MSGPACK.encode(frame)) == frame


@given(st.binary(max_size=200))
@example(msgpack.packb({"type": "hidden", "seq": 1}))
@example(msgpack.packb({"type": "reaction", "seq": 1}))
def test_any_bytes_are_a_frame_or_protocol_error(data: bytes) -> None:
    try:
        frame = codec.decode(data)
    except ProtocolError:
        return
    assert isinstance(frame, Reply | Event | UnknownFrame)


@pytest.mark.parametrize("data", ["{}", b"", b"\xc1", b"\x01", b"\x80", msgpack.packb({"type": 7}), b"\x91" * 5000])
def test_invalid_bytes_are_protocol_error(data: bytes | str) -> None:
    with pytest.raises(ProtocolError):
        codec.decode(data)


def test_unknown_frame_keeps_its_seq_and_id() -> None:
    assert codec.frame_from_map({"type": "reaction", "seq": 3}) == UnknownFrame("reaction", 3, None)
    assert codec.frame_from_map({"type": "poll", "id": 3, "seq": True}) == UnknownFrame("poll", None, 3)
    assert codec.frame_from_map({"type": "hidden", "seq": 3, "later": 1}) == events.HiddenEvent(seq=3)


def test_settings_reply_and_event_are_distinguished() -> None:
    settings = {"dm_policy": "nobody", "knocks": True, "read_receipts": True}
    assert isinstance(codec.frame_from_map({"type": "settings", "id": 1, "settings": settings}), replies.SettingsReply)
    assert isinstance(codec.frame_from_map({"type": "settings", "seq": 1, "settings": settings}), events.SettingsEvent)


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_has_its_own_error_class(code: ErrorCode) -> None:
    error = api_error(code, "no", 1.5)
    assert (error.code, error.message, error.retry_after) == (code, "no", 1.5)
    assert type(error) is not type(api_error(next(other for other in ErrorCode if other is not code), "no"))


@pytest.mark.parametrize(
    ("url", "socket", "http"),
    [
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/v1/socket", "http://127.0.0.1:8080"),
        ("https://example.org/", "wss://example.org/v1/socket", "https://example.org"),
        ("ws://[::1]:1/dm/v1/socket", "ws://[::1]:1/dm/v1/socket", "http://[::1]:1/dm"),
        ("wss://example.org/dm/?x=1", "wss://example.org/dm/v1/socket", "https://example.org/dm"),
    ],
)
def test_server_address_gives_socket_and_http_urls(url: str, socket: str, http: str) -> None:
    assert socket_url(url) == socket
    assert http_url(url) == http


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://example.org", "http://"])
def test_invalid_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="invalid server URL"):
        socket_url(url)


def test_cursor_moves_with_taken_events_and_past_own_writes() -> None:
    queue = EventQueue(2)
    hidden = events.HiddenEvent(seq=2)
    queue.advance(Cursor("e", 1))
    assert queue.cursor == Cursor("e", 1)
    queue.put(hidden, Cursor("e", 2))
    for seq in (3, 4):
        queue.advance(Cursor("e", seq))
    assert queue.cursor == Cursor("e", 1)
    assert queue.take() == hidden
    assert queue.cursor == Cursor("e", 4)
    assert queue.take() is None


def test_consecutive_resets_merge_and_always_fit() -> None:
    queue = EventQueue(1)
    queue.put(events.HiddenEvent(seq=1), Cursor("e", 1))
    queue.reset(Cursor("f", 5))
    queue.reset(Cursor("f", 9))
    assert [queue.take(), queue.take(), queue.take()] == [events.HiddenEvent(seq=1), Reset(Cursor("f", 9)), None]
    assert queue.cursor == Cursor("f", 9)


def test_unset_settings_are_not_sent() -> None:
    change = requests.SettingsRequest(id=1, set=parts.SettingsChange(knocks=True))
    assert msgpack.unpackb(codec.encode(change)) == {"type": "settings", "id": 1, "set": {"knocks": True}}
    assert msgspec.to_builtins(requests.SettingsRequest(id=1)) == {"type": "settings", "id": 1}
