"""The log-in throttle: attempts are charged when they begin, refunded on success, and tables are bounded."""

import pytest
from starlette.requests import Request

from bussa_server.auth import login_limits
from bussa_server.auth.login_limits import BURST, LoginThrottle
from bussa_server.http.request_parsing import client_rate_limit_key


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> FakeClock:
    return FakeClock()


def test_address_may_fail_a_burst_then_at_the_rate(now: FakeClock) -> None:
    throttle = LoginThrottle(2.0, now)
    assert [throttle.begin("a", f"user{n}") for n in range(BURST)] == [0.0] * BURST
    assert throttle.begin("a", "one more") == pytest.approx(0.5)
    assert throttle.begin("b", "one more") == 0.0
    now.seconds += 0.5
    assert throttle.begin("a", "one more") == 0.0


def test_user_limit_is_a_tenth_of_the_address_limit(now: FakeClock) -> None:
    throttle = LoginThrottle(2.0, now)
    assert [throttle.begin(f"address{n}", "alice") for n in range(BURST)] == [0.0] * BURST
    assert throttle.begin("another", "alice") == pytest.approx(5.0)


def test_refused_attempt_is_not_charged(now: FakeClock) -> None:
    throttle = LoginThrottle(2.0, now)
    for n in range(BURST):
        throttle.begin(f"address{n}", "alice")
    for _ in range(100):
        assert throttle.begin("a", "alice") > 0  # refused by the user's limit
    assert [throttle.begin("a", f"user{n}") for n in range(BURST)] == [0.0] * BURST


def test_success_is_refunded_once(now: FakeClock) -> None:
    throttle = LoginThrottle(2.0, now)
    for _ in range(1000):
        assert throttle.begin("a", "alice") == 0.0
        throttle.refund("a", "alice")
    throttle.refund("a", "alice")
    assert [throttle.begin("a", f"user{n}") for n in range(BURST)] == [0.0] * BURST
    assert throttle.begin("a", "bob") > 0


def test_tables_are_bounded_and_evict_the_least_recently_used(now: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_limits, "MAX_TRACKED", 3)
    throttle = LoginThrottle(2.0, now)
    for n in range(BURST):
        throttle.begin("busy", f"user{n}")
    for n in range(5):
        assert throttle.begin(f"other{n}", f"user{n}") == 0.0
        assert throttle.begin("busy", "alice") > 0  # kept, because it is used
    # The first of the others were evicted, and have a full burst again.
    assert [throttle.begin("other0", f"new user{n}") for n in range(BURST)] == [0.0] * BURST
    assert [throttle.begin(f"new address{n}", "user0") for n in range(BURST)] == [0.0] * BURST


@pytest.mark.parametrize(
    ("client", "key"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("::ffff:192.0.2.7", 1), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("2001:db8:1:2:ffff::1", 1), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1), "fe80::/64"),
        (("testclient", 1), "testclient"),
        (None, ""),
    ],
)
def test_rate_limit_key_of_a_request(client: tuple[str, int] | None, key: str) -> None:
    assert client_rate_limit_key(Request({"type": "http", "client": client, "headers": []})) == key
