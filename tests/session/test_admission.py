"""The doorman: counts that go with their last connection, buckets that outlive it."""

import pytest

from bussa_server.domain.rate_limit import Rate
from bussa_server.session import admission as doorman_module
from bussa_server.session.admission import AdmissionControl


def admission(**limits: int) -> AdmissionControl:
    return AdmissionControl(**{"per_user": 2, "per_address": 3, "send_limit": Rate(20, 200)} | limits)


def test_connections_are_limited_per_user_and_per_address() -> None:
    door = admission()
    assert [door.admit_user("alice") for _ in range(3)] == [True, True, False]
    assert door.admit_user("bob")
    assert [door.admit_address("::1") for _ in range(4)] == [True, True, True, False]
    door.release_user("alice")
    assert door.admit_user("alice")
    door.release_address("::1")
    assert door.admit_address("::1")


def test_count_is_removed_with_the_last_connection() -> None:
    door = admission()
    for number in range(100):
        assert door.admit_user(f"user-{number}")
        assert door.admit_address(f"10.0.0.{number}")
    for number in range(100):
        door.release_user(f"user-{number}")
        door.release_address(f"10.0.0.{number}")
    assert not door._users
    assert not door._addresses


def test_connections_of_one_user_share_one_budget() -> None:
    door = admission()
    assert door.budget("alice") is door.budget("alice")
    assert door.budget("alice") is not door.budget("bob")


def test_budget_outlives_the_connection_until_full_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coming back is no way around the limit, and who does not come back is forgotten."""
    now = 1000.0
    monkeypatch.setattr(doorman_module.time, "monotonic", lambda: now)
    door = admission()
    spent, connected = door.budget("spent"), door.budget("connected")
    spent.take(now, 200)
    door.admit_user("connected")
    for number in range(5 * doorman_module.BUCKETS_BETWEEN_SWEEPS):
        door.budget(f"passer-by-{number}")
    assert door.budget("spent") is spent
    assert door.budget("connected") is connected
    assert len(door._buckets) < 3 * doorman_module.BUCKETS_BETWEEN_SWEEPS
    now += 60
    for number in range(5 * doorman_module.BUCKETS_BETWEEN_SWEEPS):
        door.budget(f"another-{number}")
    assert door.budget("spent") is not spent
    assert door.budget("connected") is connected


def test_send_on_another_node_is_charged_here() -> None:
    door = admission()
    door.admit_user("alice")
    budget = door.budget("alice")
    for _ in range(200):
        door.charge_remote_send("alice")
    assert budget.take(doorman_module.time.monotonic()) > 0
    door.charge_remote_send("somebody who is not here")
    assert list(door._buckets) == ["alice"]
