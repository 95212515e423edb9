"""Guessing passwords: charged while under way, given back on success, and bounded in memory."""

import pytest
from starlette.requests import Request

from bussa_server.http import login_throttle
from bussa_server.http.login_throttle import BURST, LoginThrottle
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
    tries = LoginThrottle(2.0, now)
    assert [tries.begin("a", f"user{n}") for n in range(BURST)] == [0.0] * BURST
    assert tries.begin("a", "one more") == pytest.approx(0.5)
    assert tries.begin("b", "one more") == 0.0
    now.seconds += 0.5
    assert tries.begin("a", "one more") == 0.0


def test_user_limit_is_a_tenth_of_the_address_limit(now: FakeClock) -> None:
    tries = LoginThrottle(2.0, now)
    assert [tries.begin(f"address{n}", "alice") for n in range(BURST)] == [0.0] * BURST
    assert tries.begin("another", "alice") == pytest.approx(5.0)


def test_refused_attempt_is_not_charged(now: FakeClock) -> None:
    tries = LoginThrottle(2.0, now)
    for n in range(BURST):
        tries.begin(f"address{n}", "alice")
    for _ in range(100):
        assert tries.begin("a", "alice") > 0  # refused for the user's sake
    assert [tries.begin("a", f"user{n}") for n in range(BURST)] == [0.0] * BURST


def test_success_is_refunded_once(now: FakeClock) -> None:
    tries = LoginThrottle(2.0, now)
    for _ in range(1000):
        assert tries.begin("a", "alice") == 0.0
        tries.refund("a", "alice")
    tries.refund("a", "alice")
    assert [tries.begin("a", f"user{n}") for n in range(BURST)] == [0.0] * BURST
    assert tries.begin("a", "bob") > 0


def test_tables_are_bounded_and_evict_the_least_recently_used(now: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_throttle, "MAX_TRACKED", 3)
    tries = LoginThrottle(2.0, now)
    for n in range(BURST):
        tries.begin("busy", f"user{n}")
    for n in range(5):
        assert tries.begin(f"other{n}", f"user{n}") == 0.0
        assert tries.begin("busy", "alice") > 0
    assert len(tries._addresses) == 3
    assert len(tries._users) == 3


@pytest.mark.parametrize(
    ("client", "held"),
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
def test_rate_limit_key_of_a_request(client: tuple[str, int] | None, held: str) -> None:
    assert client_rate_limit_key(Request({"type": "http", "client": client, "headers": []})) == held
