"""Latencies and throughput, pure. Times are seconds of any clock that never goes back.

While it runs it only counts, by values rounded to three digits as an HDR histogram rounds them: that costs a tenth
of a histogram's own `record_value` (4 µs in Python), and the harness should cost little. The histograms are made of
it at the end.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from hdrh.histogram import HdrHistogram

MICROS_MAX = 3_600_000_000
"""Microseconds: what takes longer than an hour is counted as that."""
DIGITS = 3
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)


@dataclass(slots=True)
class Counts:
    """What a meter has counted, as it goes from process to process: microseconds → how often."""

    acked: Counter[int]
    delivered: Counter[int]
    late: Counter[int]
    """Open loop: how long after it was due the harness sent. Its own doing, and counted in the latencies."""
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
        """Milliseconds, of what was delivered since the last call; None where nothing was."""
        recent, self._recent = self._recent, Counter()
        left = recent.total() // 100
        for micros in sorted(recent, reverse=True):
            left -= recent[micros]
            if left < 0:
                return micros / 1000
        return None


def round_micros(seconds: float) -> int:
    """Microseconds to eleven binary digits, which is three decimal ones."""
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
    """Milliseconds by percentile; empty where nothing was measured."""
    if not of.get_total_count():
        return {}
    return {f"p{p:g}": of.get_value_at_percentile(p) / 1000 for p in PERCENTILES}
