"""Latencies and throughput. Pure: times are seconds of any monotonic clock.

During a run values are only counted, rounded to three digits as an HDR histogram rounds them. That costs a tenth of the
histogram's own `record_value` (4 µs in Python). The histograms are built from the counts at the end.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from hdrh.histogram import HdrHistogram

MICROS_MAX = 3_600_000_000
"""Microseconds: longer values are counted as one hour."""
DIGITS = 3
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)


@dataclass(slots=True)
class Counts:
    """The counts of a meter, sent between processes: microseconds → how often."""

    acked: Counter[int]
    delivered: Counter[int]
    late: Counter[int]
    """Open loop: delay of the harness between due time and send. It is part of the latencies."""
    per_second: Counter[int]
    """Messages delivered in each second of the run."""

    def add(self, other: "Counts") -> None:
        self.acked.update(other.acked)
        self.delivered.update(other.delivered)
        self.late.update(other.late)
        self.per_second.update(other.per_second)


def empty_counts() -> Counts:
    return Counts(Counter(), Counter(), Counter(), Counter())


class Meter:
    def __init__(self, started: float) -> None:
        self.started = started
        self.counts = empty_counts()
        self._recent: Counter[int] = Counter()

    def record_ack(self, due: float, now: float) -> None:
        self.counts.acked[round_micros(now - due)] += 1

    def record_delivery(self, due: float, now: float) -> None:
        micros = round_micros(now - due)
        self.counts.delivered[micros] += 1
        self._recent[micros] += 1
        self.counts.per_second[int(now - self.started)] += 1

    def record_lateness(self, due: float, now: float) -> None:
        self.counts.late[round_micros(now - due)] += 1

    def recent_p99(self) -> float | None:
        """The 99th percentile in milliseconds of deliveries since the last call; None: there were none."""
        recent, self._recent = self._recent, Counter()
        left = recent.total() // 100
        for micros in sorted(recent, reverse=True):
            left -= recent[micros]
            if left < 0:
                return micros / 1000
        return None


def round_micros(seconds: float) -> int:
    """Microseconds, rounded to eleven binary digits, which is three decimal ones."""
    micros = int(seconds * 1e6)
    if micros < 2048:
        return max(micros, 1)
    shift = min(micros, MICROS_MAX).bit_length() - 11
    return min(micros, MICROS_MAX) >> shift << shift


def histogram(counts: Mapping[int, int]) -> HdrHistogram:
    hdr = HdrHistogram(1, MICROS_MAX, DIGITS)
    for micros, count in counts.items():
        hdr.record_value(micros, count)
    return hdr


def percentiles(of: HdrHistogram) -> dict[str, float]:
    """Milliseconds by percentile; empty without values."""
    if not of.get_total_count():
        return {}
    return {f"p{p:g}": of.get_value_at_percentile(p) / 1000 for p in PERCENTILES}
