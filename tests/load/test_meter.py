"""Latencies equal those of an HDR histogram, in any order and from any process."""

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from bussa_load.meter import DIGITS, MICROS_MAX, Meter, empty_counts, histogram, percentiles, round_micros

seconds = st.floats(0, 4000)


@given(seconds)
def test_rounding_keeps_three_digits(value: float) -> None:
    micros = min(MICROS_MAX, max(1, int(value * 1e6)))
    assert round_micros(value) <= micros
    assert micros - round_micros(value) <= micros / 1000


@settings(max_examples=30)  # a histogram is 20,000 counters
@given(st.lists(seconds, min_size=1))
def test_histogram_equals_recorded_histogram(values: list[float]) -> None:
    meter = Meter(0.0)
    recorded = HdrHistogram(1, MICROS_MAX, DIGITS)
    for value in values:
        meter.record_ack(0.0, value)
        recorded.record_value(min(MICROS_MAX, max(1, int(value * 1e6))))
    made = histogram(meter.counts.acked)
    assert made.get_total_count() == len(values)
    for percentile in (0, 50, 90, 99, 100):
        ours, theirs = made.get_value_at_percentile(percentile), recorded.get_value_at_percentile(percentile)
        assert abs(ours - theirs) <= theirs / 500 + 1


@given(st.lists(st.lists(seconds), min_size=1, max_size=4))
def test_counts_of_several_processes_add_up(parts: list[list[float]]) -> None:
    together, alone = empty_counts(), Meter(0.0)
    for part in parts:
        meter = Meter(0.0)
        for value in part:
            meter.record_delivery(0.0, value)
            alone.record_delivery(0.0, value)
        together.add(meter.counts)
    assert together == alone.counts


def test_percentiles_are_milliseconds() -> None:
    meter = Meter(0.0)
    for number in range(1, 1001):
        meter.record_delivery(10.0, 10.0 + number / 1000)
    found = percentiles(histogram(meter.counts.delivered))
    assert found == pytest.approx({"p50": 500, "p90": 900, "p99": 990, "p99.9": 999, "p100": 1000}, rel=0.002)
    assert percentiles(histogram({})) == {}


def test_deliveries_are_counted_per_second() -> None:
    meter = Meter(100.0)
    for now in (100.1, 100.9, 101.0, 103.5):
        meter.record_delivery(100.0, now)
    assert meter.counts.per_second == {0: 2, 1: 1, 3: 1}


def test_recent_p99_covers_deliveries_since_last_call() -> None:
    meter = Meter(0.0)
    assert meter.recent_p99() is None
    for _ in range(99):
        meter.record_delivery(0.0, 0.001)
    meter.record_delivery(0.0, 1.0)
    assert meter.recent_p99() == pytest.approx(1.0)
    for _ in range(100):
        meter.record_delivery(0.0, 0.001)
    meter.record_delivery(0.0, 1.0)
    assert meter.recent_p99() == pytest.approx(1.0)
    assert meter.recent_p99() is None
