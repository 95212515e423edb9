"""Each failure carries its advice, and fits where it is written."""

import re

import pytest

from bussa_protocol.codes import Close, Code, Return, advice


@pytest.mark.parametrize("close", Close)
def test_every_close_has_a_reason_that_fits_its_frame(close: Close) -> None:
    # RFC 6455, 5.5: 125 bytes, less two for the code itself.
    assert 1 <= len(close.reason.encode()) <= 123


@pytest.mark.parametrize("close", Close)
def test_every_close_may_be_sent_by_an_application(close: Close) -> None:
    # RFC 6455, 7.4: 1005, 1006 and 1015 never stand in a frame; 4000 to 4999 are for applications.
    assert close in (1003, 1009, 1012) or 4000 <= close <= 4999


@pytest.mark.parametrize(
    ("close", "then"),
    [
        (Close.WRONG_KIND, Return.NEVER),
        (Close.TOO_LARGE, Return.NEVER),
        (Close.NOT_PROTOCOL, Return.NEVER),
        (Close.TOKEN, Return.NEW_TOKEN),
        (Close.RESTART, Return.SOON),
        (Close.NO_HELLO, Return.SOON),
        (Close.TOO_SLOW, Return.SOON),
        (Close.TOO_MUCH, Return.BACKOFF),
        (None, Return.BACKOFF),
        (1001, Return.BACKOFF),
        (1006, Return.BACKOFF),
    ],
)
def test_what_a_client_does_after_a_close(close: int | None, then: Return) -> None:
    assert advice(close) is then


@pytest.mark.parametrize("code", Code)
def test_a_code_is_one_plain_word(code: Code) -> None:
    assert re.fullmatch("[a-z_]+", code)


def test_only_what_time_heals_is_worth_repeating() -> None:
    assert {code for code in Code if code.worth_repeating} == {Code.RATE_LIMITED, Code.UNAVAILABLE}
