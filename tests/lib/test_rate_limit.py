"""Token buckets: what they allow over any window of time, and the waits that they return."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_server.lib.rate_limit import Bucket, LruTable, Rate

rates = st.builds(Rate, st.integers(1, 50).map(float), st.integers(1, 50).map(float))
# Quarters of a second and whole costs: every sum is exact in floating point, so the bound can be checked exactly.
requests = st.lists(st.tuples(st.integers(0, 40).map(lambda quarters: quarters / 4), st.integers(1, 9).map(float)))


def test_bucket_allows_burst_then_rate() -> None:
    bucket = Bucket(Rate(2.0, 3.0), 100.0)
    assert [bucket.take(100.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert bucket.take(100.25) == 0.25
    assert bucket.take(100.5) == 0.0
    assert bucket.take(100.5) == 0.5


def test_bucket_never_holds_more_than_the_burst() -> None:
    bucket = Bucket(Rate(10.0, 2.0), 0.0)
    assert [bucket.take(1_000.0) for _ in range(3)] == [0.0, 0.0, 0.1]


def test_rate_of_zero_is_unlimited() -> None:
    bucket = Bucket(Rate(0.0, 0.0), 0.0)
    assert {bucket.take(0.0, 1e9) for _ in range(100)} == {0.0}
    assert Rate(0.0, 5.0).unlimited
    assert not Rate(0.1, 5.0).unlimited


def test_clock_stepping_back_neither_adds_nor_takes_tokens() -> None:
    bucket = Bucket(Rate(1.0, 1.0), 50.0)
    assert bucket.take(50.0) == 0.0
    assert bucket.take(40.0) == 1.0
    assert bucket.take(50.5) == 0.5
    assert bucket.take(51.0) == 0.0


def test_only_full_bucket_may_be_evicted() -> None:
    bucket = Bucket(Rate(2.0, 4.0), 0.0)
    assert bucket.is_full(0.0)
    bucket.take(0.0, 3.0)
    assert not bucket.is_full(1.25)
    assert bucket.is_full(1.5)


def test_give_back_restores_tokens_up_to_the_burst() -> None:
    bucket = Bucket(Rate(2.0, 4.0), 0.0)
    bucket.take(0.0, 3.0)
    bucket.give_back(0.0, 2.0)
    assert bucket.take(0.0, 3.0) == 0.0
    assert bucket.take(0.0, 1.0) == 0.5
    for _ in range(10):
        bucket.give_back(0.0)
    assert [bucket.take(0.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 0.5]


def test_lru_table_evicts_least_recently_used() -> None:
    table = LruTable(list[int], 3)
    for name in "abc":
        table.get_or_create(name).append(1)
    assert table.get("a") == [1]
    assert table.get_or_create("d") == []
    assert [table.get(name) for name in "abcd"] == [[1], None, [1], []]
    assert len(table) == 3


@pytest.mark.parametrize("cost", [1.0, 2.5, 4.0])
def test_returned_wait_is_exact(cost: float) -> None:
    bucket = Bucket(Rate(2.0, 4.0), 0.0)
    bucket.take(0.0, 4.0)
    wait = bucket.take(0.0, cost)
    assert wait == cost / 2.0
    assert bucket.take(wait - 0.25, cost) > 0.0
    assert bucket.take(wait, cost) == 0.0


@given(rates, requests)
def test_bucket_never_exceeds_burst_plus_rate_over_any_window(rate: Rate, requested: list[tuple[float, float]]) -> None:
    bucket, now = Bucket(rate, 0.0), 0.0
    granted: list[tuple[float, float]] = []
    for pause, cost in requested:
        now += pause
        if bucket.take(now, cost) == 0.0:
            granted.append((now, cost))
    for first in range(len(granted)):
        total = 0.0
        for at, cost in granted[first:]:
            total += cost
            assert total <= rate.burst + rate.per_second * (at - granted[first][0])


@given(rates, requests)
def test_caller_within_the_rate_is_never_refused(rate: Rate, requested: list[tuple[float, float]]) -> None:
    bucket, now = Bucket(rate, 0.0), 0.0
    for pause, _ in requested:
        now += math.ceil(4.0 / rate.per_second) / 4.0 + pause
        assert bucket.take(now) == 0.0


@given(rates, requests)
def test_a_refusal_takes_nothing(rate: Rate, requested: list[tuple[float, float]]) -> None:
    bucket, never_refused, now = Bucket(rate, 0.0), Bucket(rate, 0.0), 0.0
    for pause, cost in requested:
        now += pause
        wait = bucket.take(now, cost + rate.burst)
        assert wait > 0.0
        assert bucket.take(now, cost) == never_refused.take(now, cost)
