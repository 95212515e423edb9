"""Latencies and throughput, pure. Times are seconds of any clock that never goes back."""

from collections import Counter

from hdrh.histogram import HdrHistogram

LONGEST = 120_000_000
"""Microseconds: what takes longer is counted as that."""
DIGITS = 3
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)


class Meter:
    def __init__(self, started: float) -> None:
        self.started = started
        self.acked = HdrHistogram(1, LONGEST, DIGITS)
        self.delivered = HdrHistogram(1, LONGEST, DIGITS)
        self.per_second: Counter[int] = Counter()
        """Messages delivered in each second of the run."""

    def ack(self, sent: float, now: float) -> None:
        self.acked.record_value(_micros(now - sent))

    def delivery(self, sent: float, now: float) -> None:
        self.delivered.record_value(_micros(now - sent))
        self.per_second[int(now - self.started)] += 1

    def merge(self, acked: str, delivered: str, per_second: dict[int, int]) -> None:
        """Add what another process has measured (`encoded`)."""
        self.acked.decode_and_add(acked)
        self.delivered.decode_and_add(delivered)
        self.per_second.update(per_second)

    def encoded(self) -> tuple[str, str, dict[int, int]]:
        return self.acked.encode().decode(), self.delivered.encode().decode(), dict(self.per_second)


def _micros(seconds: float) -> int:
    return min(LONGEST, max(1, int(seconds * 1e6)))


def percentiles(histogram: HdrHistogram) -> dict[str, float]:
    """Milliseconds by percentile; empty where nothing was measured."""
    if not histogram.get_total_count():
        return {}
    return {f"p{p:g}": histogram.get_value_at_percentile(p) / 1000 for p in PERCENTILES}
