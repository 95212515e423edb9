"""Close and error codes: retry advice, and the bounds of a close frame."""

import re

import pytest

from bussa_protocol.codes import CloseReason, ErrorCode, ReconnectAdvice, reconnect_advice


@pytest.mark.parametrize("close", CloseReason)
def test_close_reason_fits_a_close_frame(close: CloseReason) -> None:
    # RFC 6455, 5.5: 125 bytes, less two for the code itself.
    assert 1 <= len(close.reason.encode()) <= 123


@pytest.mark.parametrize("close", CloseReason)
def test_close_code_may_be_sent_by_an_application(close: CloseReason) -> None:
    # RFC 6455, 7.4: 1005, 1006 and 1015 never appear in a frame; 4000 to 4999 are for applications.
    assert close in (1003, 1009, 1012) or 4000 <= close <= 4999


@pytest.mark.parametrize(
    ("close", "then"),
    [
        (CloseReason.UNSUPPORTED_DATA, ReconnectAdvice.NEVER),
        (CloseReason.TOO_LARGE, ReconnectAdvice.NEVER),
        (CloseReason.PROTOCOL_ERROR, ReconnectAdvice.NEVER),
        (CloseReason.INVALID_TOKEN, ReconnectAdvice.NEW_TOKEN),
        (CloseReason.RESTART, ReconnectAdvice.SOON),
        (CloseReason.HELLO_TIMEOUT, ReconnectAdvice.SOON),
        (CloseReason.SLOW_CONSUMER, ReconnectAdvice.SOON),
        (CloseReason.RATE_LIMITED, ReconnectAdvice.BACKOFF),
        (None, ReconnectAdvice.BACKOFF),
        (1001, ReconnectAdvice.BACKOFF),
        (1006, ReconnectAdvice.BACKOFF),
    ],
)
def test_close_code_gives_its_reconnect_advice(close: int | None, then: ReconnectAdvice) -> None:
    assert reconnect_advice(close) is then


@pytest.mark.parametrize("code", ErrorCode)
def test_error_code_is_lower_snake_case(code: ErrorCode) -> None:
    assert re.fullmatch("[a-z_]+", code)


def test_only_transient_errors_are_retryable() -> None:
    assert {code for code in ErrorCode if code.retryable} == {ErrorCode.RATE_LIMITED, ErrorCode.UNAVAILABLE}
