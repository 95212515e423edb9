"""Admission control: counters are removed with their last connection, buckets outlive it."""

import pytest

from bussa_server.lib.rate_limit import Rate
from bussa_server.node import admission as admission_module
from bussa_server.node.admission import AdmissionControl


def admission_control(**limits: int) -> AdmissionControl:
    return AdmissionControl(**{"per_user": 2, "per_address": 3, "send_limit": Rate(20, 200)} | limits)


def test_connections_are_limited_per_user_and_per_address() -> None:
    admission = admission_control()
    assert [admission.admit_user("alice") for _ in range(3)] == [True, True, False]
    assert admission.admit_user("bob")
    assert [admission.admit_address("::1") for _ in range(4)] == [True, True, True, False]
    admission.release_user("alice")
    assert admission.admit_user("alice")
    admission.release_address("::1")
    assert admission.admit_address("::1")


def test_count_is_removed_with_the_last_connection() -> None:
    admission = admission_control()
    for number in range(100):
        assert admission.admit_user(f"user-{number}")
        assert admission.admit_address(f"10.0.0.{number}")
    for number in range(100):
        assert not admission.idle
        admission.release_user(f"user-{number}")
        assert not admission.idle
        admission.release_address(f"10.0.0.{number}")
    assert admission.idle


def test_connections_of_one_user_share_one_budget() -> None:
    admission = admission_control()
    assert admission.budget("alice") is admission.budget("alice")
    assert admission.budget("alice") is not admission.budget("bob")


def test_budget_outlives_the_connection_until_full_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnecting does not reset the limit, and buckets of users who stay away are removed."""
    now = 1000.0
    monkeypatch.setattr(admission_module.time, "monotonic", lambda: now)
    admission = admission_control()
    spent, connected = admission.budget("spent"), admission.budget("connected")
    spent.take(now, 200)
    admission.admit_user("connected")
    for number in range(5 * admission_module.BUCKETS_BETWEEN_SWEEPS):
        admission.budget(f"visitor-{number}")
    assert admission.budget("spent") is spent
    assert admission.budget("connected") is connected
    assert len(admission) < 3 * admission_module.BUCKETS_BETWEEN_SWEEPS
    now += 60
    for number in range(5 * admission_module.BUCKETS_BETWEEN_SWEEPS):
        admission.budget(f"another-{number}")
    assert admission.budget("spent") is not spent
    assert admission.budget("connected") is connected


def test_send_on_another_node_is_charged_here() -> None:
    admission = admission_control()
    admission.admit_user("alice")
    budget = admission.budget("alice")
    for _ in range(200):
        admission.charge_remote_send("alice")
    assert budget.take(admission_module.time.monotonic()) > 0
    admission.charge_remote_send("not connected here")
    assert len(admission) == 1
