"""Guessing passwords: charged while under way, given back on success, and bounded in memory."""

import pytest
from starlette.requests import Request

from bussa_server.http import attempts
from bussa_server.http.asked import address
from bussa_server.http.attempts import BURST, Attempts


class Now:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> Now:
    return Now()


def test_an_address_may_fail_a_burst_and_then_at_the_rate(now: Now) -> None:
    tries = Attempts(2.0, now)
    assert [tries.begin("a", f"user{n}") for n in range(BURST)] == [0.0] * BURST
    assert tries.begin("a", "one more") == pytest.approx(0.5)
    assert tries.begin("b", "one more") == 0.0
    now.seconds += 0.5
    assert tries.begin("a", "one more") == 0.0


def test_a_user_is_guessed_at_ten_times_as_slowly(now: Now) -> None:
    tries = Attempts(2.0, now)
    assert [tries.begin(f"address{n}", "alice") for n in range(BURST)] == [0.0] * BURST
    assert tries.begin("another", "alice") == pytest.approx(5.0)


def test_what_is_turned_away_is_not_charged(now: Now) -> None:
    tries = Attempts(2.0, now)
    for n in range(BURST):
        tries.begin(f"address{n}", "alice")
    for _ in range(100):
        assert tries.begin("a", "alice") > 0  # refused for the user's sake
    assert [tries.begin("a", f"user{n}") for n in range(BURST)] == [0.0] * BURST


def test_a_success_is_given_back_and_never_more_than_that(now: Now) -> None:
    tries = Attempts(2.0, now)
    for _ in range(1000):
        assert tries.begin("a", "alice") == 0.0
        tries.forgive("a", "alice")
    tries.forgive("a", "alice")
    assert [tries.begin("a", f"user{n}") for n in range(BURST)] == [0.0] * BURST
    assert tries.begin("a", "bob") > 0


def test_the_tables_are_bounded_and_forget_the_one_untouched_for_longest(
    now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "KEPT", 3)
    tries = Attempts(2.0, now)
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
def test_whom_an_address_stands_for(client: tuple[str, int] | None, held: str) -> None:
    assert address(Request({"type": "http", "client": client, "headers": []})) == held
