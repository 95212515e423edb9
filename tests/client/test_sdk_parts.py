"""The small pure parts: how long to wait, the queue, the addresses, and frames against the other implementation."""

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa import Backoff, BadRequestError, NotContractError, wire
from bussa.connect import http_url, socket_url
from bussa.errors import refusal
from bussa.feed import Cursor, Feed, Reset
from bussa.wire import Skipped
from bussa_protocol.codec import MSGPACK
from bussa_protocol.codes import Code, Return
from bussa_protocol.frames import events, replies, requests
from tests.protocol.strategies import EVENTS, REPLIES, REQUESTS

CHANCE = st.floats(min_value=0, max_value=1, exclude_max=True)


@given(st.sampled_from([Return.SOON, Return.BACKOFF, Return.NEW_TOKEN]), st.integers(0, 10_000), CHANCE)
def test_a_wait_is_anything_below_a_ceiling_that_grows_to_the_cap(advice: Return, attempt: int, chance: float) -> None:
    backoff = Backoff()
    wait = backoff.wait(advice, attempt, chance)
    assert 0 <= wait <= backoff.cap
    assert wait <= backoff.wait(advice, attempt + 1, chance)
    assert backoff.wait(advice, attempt, 0.0) == 0.0


def test_a_restart_is_spread_over_a_few_seconds_and_a_new_token_is_fetched_at_once() -> None:
    backoff = Backoff()
    assert backoff.wait(Return.SOON, 0, 0.999) == pytest.approx(3.0, abs=0.01)
    assert backoff.wait(Return.NEW_TOKEN, 0, 0.999) == 0.0
    assert backoff.wait(Return.BACKOFF, 20, 0.5) == 30.0


@given(st.floats(0, 3600), st.integers(0, 50), CHANCE)
def test_what_the_server_says_about_waiting_is_kept(retry_after: float, tries: int, chance: float) -> None:
    assert retry_after <= Backoff().again(retry_after, tries, chance) <= retry_after * 1.25


@given(REQUESTS)
def test_a_request_reads_the_same_to_the_server(request: requests.Said) -> None:
    try:
        data = wire.encode(request)
    except BadRequestError:
        return
    assert MSGPACK.decode(data) == request


@given(REPLIES | EVENTS)
def test_a_frame_of_the_server_reads_the_same_here(frame: object) -> None:
    assert wire.decode(MSGPACK.encode(frame)) == frame


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_not_of_the_contract(data: bytes) -> None:
    try:
        wire.decode(data)
    except NotContractError:
        return


@pytest.mark.parametrize("data", ["{}", b"", b"\xc1", b"\x01", b"\x80", msgpack.packb({"type": 7}), b"\x91" * 5000])
def test_what_is_no_frame_is_said_so(data: bytes | str) -> None:
    with pytest.raises(NotContractError):
        wire.decode(data)


def test_what_is_not_known_is_skipped_with_its_numbers() -> None:
    assert wire.typed({"type": "reaction", "seq": 3}) == Skipped("reaction", 3, None)
    assert wire.typed({"type": "poll", "id": 3, "seq": True}) == Skipped("poll", None, 3)
    assert wire.typed({"type": "hidden", "seq": 3, "later": 1}) == events.Hidden(seq=3)


def test_a_reply_and_an_event_of_one_name_are_told_apart() -> None:
    settings = {"dm_policy": "nobody", "knocks": True, "read_receipts": True}
    assert isinstance(wire.typed({"type": "settings", "id": 1, "settings": settings}), replies.Settings)
    assert isinstance(wire.typed({"type": "settings", "seq": 1, "settings": settings}), events.Settings)


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_its_error(code: Code) -> None:
    error = refusal(code, "no", 1.5)
    assert (error.code, error.message, error.retry_after) == (code, "no", 1.5)
    assert type(error) is not type(refusal(next(other for other in Code if other is not code), "no"))


@pytest.mark.parametrize(
    ("url", "socket", "http"),
    [
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/v1/socket", "http://127.0.0.1:8080"),
        ("https://example.org/", "wss://example.org/v1/socket", "https://example.org"),
        ("ws://[::1]:1/dm/v1/socket", "ws://[::1]:1/dm/v1/socket", "http://[::1]:1/dm"),
        ("wss://example.org/dm/?x=1", "wss://example.org/dm/v1/socket", "https://example.org/dm"),
    ],
)
def test_an_address_is_of_the_socket_and_of_the_http_side(url: str, socket: str, http: str) -> None:
    assert socket_url(url) == socket
    assert http_url(url) == http


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://example.org", "http://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        socket_url(url)


def test_the_cursor_moves_when_an_event_is_taken_and_past_own_writes_at_once() -> None:
    feed = Feed(2)
    hidden = events.Hidden(seq=2)
    feed.mark(Cursor("e", 1))
    assert feed.cursor == Cursor("e", 1)
    feed.put(hidden, Cursor("e", 2))
    for seq in (3, 4):
        feed.mark(Cursor("e", seq))
    assert feed.cursor == Cursor("e", 1)
    assert feed.take() == hidden
    assert feed.cursor == Cursor("e", 4)
    assert feed.take() is None


def test_two_resets_in_a_row_are_one_and_always_fit() -> None:
    feed = Feed(1)
    feed.put(events.Hidden(seq=1), Cursor("e", 1))
    feed.reset(Cursor("f", 5))
    feed.reset(Cursor("f", 9))
    assert [feed.take(), feed.take(), feed.take()] == [events.Hidden(seq=1), Reset(Cursor("f", 9)), None]
    assert feed.cursor == Cursor("f", 9)


def test_settings_that_are_not_named_are_not_sent() -> None:
    change = requests.Settings(id=1, set=requests.SettingsChange(knocks=True))
    assert msgpack.unpackb(wire.encode(change)) == {"type": "settings", "id": 1, "set": {"knocks": True}}
    assert msgspec.to_builtins(requests.Settings(id=1)) == {"type": "settings", "id": 1}
