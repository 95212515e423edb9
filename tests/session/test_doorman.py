"""The doorman: counts that go with their last connection, buckets that outlive it."""

import pytest

from bussa_server.domain.throttle import Rate
from bussa_server.session import doorman as doorman_module
from bussa_server.session.doorman import Doorman


def doorman(**limits: int) -> Doorman:
    return Doorman(**{"per_user": 2, "per_address": 3, "sends": Rate(20, 200)} | limits)


def test_no_more_than_so_many_of_a_user_and_of_an_address() -> None:
    door = doorman()
    assert [door.admit_user("alice") for _ in range(3)] == [True, True, False]
    assert door.admit_user("bob")
    assert [door.admit_address("::1") for _ in range(4)] == [True, True, True, False]
    door.release_user("alice")
    assert door.admit_user("alice")
    door.release_address("::1")
    assert door.admit_address("::1")


def test_a_count_goes_with_its_last_connection() -> None:
    door = doorman()
    for number in range(100):
        assert door.admit_user(f"user-{number}")
        assert door.admit_address(f"10.0.0.{number}")
    for number in range(100):
        door.release_user(f"user-{number}")
        door.release_address(f"10.0.0.{number}")
    assert not door._users
    assert not door._addresses


def test_one_budget_for_all_the_connections_of_a_user() -> None:
    door = doorman()
    assert door.budget("alice") is door.budget("alice")
    assert door.budget("alice") is not door.budget("bob")


def test_a_budget_outlives_the_connection_until_it_is_full_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coming back is no way around the limit, and who does not come back is forgotten."""
    now = 1000.0
    monkeypatch.setattr(doorman_module.time, "monotonic", lambda: now)
    door = doorman()
    spent, connected = door.budget("spent"), door.budget("connected")
    spent.take(now, 200)
    door.admit_user("connected")
    for number in range(5 * doorman_module.SWEEP):
        door.budget(f"passer-by-{number}")
    assert door.budget("spent") is spent
    assert door.budget("connected") is connected
    assert len(door._buckets) < 3 * doorman_module.SWEEP
    now += 60
    for number in range(5 * doorman_module.SWEEP):
        door.budget(f"another-{number}")
    assert door.budget("spent") is not spent
    assert door.budget("connected") is connected


def test_what_was_written_on_another_node_counts_here() -> None:
    door = doorman()
    door.admit_user("alice")
    budget = door.budget("alice")
    for _ in range(200):
        door.spent("alice")
    assert budget.take(doorman_module.time.monotonic()) > 0
    door.spent("somebody who is not here")
    assert list(door._buckets) == ["alice"]
