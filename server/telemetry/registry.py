"""The metrics of this process, in a registry of their own: what another library declares stays out."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.process_collector import ProcessCollector

# A time of creation beside every counter would double the text; a scraper sees a restart by the counter itself.
disable_created_metrics()

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Buckets of a duration: from one fast flush to disk up to a deadline."""


def counter(name: str, help: str, *labels: str) -> Counter:
    return Counter(f"bussa_{name}", help, labels, registry=REGISTRY)


def gauge(name: str, help: str) -> Gauge:
    return Gauge(f"bussa_{name}", help, registry=REGISTRY)


def histogram(name: str, help: str, *labels: str, buckets: Sequence[float] = SECONDS) -> Histogram:
    return Histogram(f"bussa_{name}", help, labels, buckets=buckets, registry=REGISTRY)


def metrics() -> bytes:
    """Everything counted so far, as Prometheus text (exposition format 0.0.4)."""
    return generate_latest(REGISTRY)
