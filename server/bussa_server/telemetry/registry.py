"""The metrics registry: our own, so that metrics of other libraries stay out.

With several workers on one port (`bussa_server.multiprocess_metrics`), each worker counts in files of its own, named by
its index, and any worker exposes the sum of all. The replacement of a dead worker takes over its index and files, so no
counter ever decreases. The process collector (memory, files) describes a single process and is left out then.
"""

import os
from collections.abc import Sequence
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
    values,
)
from prometheus_client.process_collector import ProcessCollector

# A creation time beside every counter would double the exposition; a scraper detects a restart by the counter itself.
disable_created_metrics()

MultiprocessMode = Literal["livesum", "livemin", "livemax"]

_worker = "supervisor"

MULTIPROC_DIR = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
if MULTIPROC_DIR is not None:
    # Files are named by worker index and not by process id: otherwise every dead worker would leave its files behind.
    values.ValueClass = values.MultiProcessValue(lambda: _worker)  # pyright: ignore[reportUnknownMemberType] - it has no types

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Buckets of a duration: from one fast flush to disk up to a deadline."""


def counter(name: str, help: str, *labels: str) -> Counter:
    return Counter(f"bussa_{name}", help, labels, registry=REGISTRY)


def gauge(name: str, help: str, *labels: str, multiprocess_mode: MultiprocessMode = "livesum") -> Gauge:
    """``multiprocess_mode``: how the values of several live workers are combined."""
    return Gauge(f"bussa_{name}", help, labels, registry=REGISTRY, multiprocess_mode=multiprocess_mode)


def histogram(name: str, help: str, *labels: str, buckets: Sequence[float] = SECONDS) -> Histogram:
    return Histogram(f"bussa_{name}", help, labels, buckets=buckets, registry=REGISTRY)


def set_worker(worker: str) -> None:
    """Set the index of this freshly forked worker. No other live worker may have it."""
    global _worker
    _worker = worker


def remove_worker(worker: str) -> None:
    """Remove the gauges of a dead worker: its connections are gone."""
    if MULTIPROC_DIR is not None:
        multiprocess.mark_process_dead(worker, MULTIPROC_DIR)  # pyright: ignore[reportUnknownMemberType] - it has no types


def metrics() -> bytes:
    """All metrics as Prometheus text (exposition format 0.0.4)."""
    if MULTIPROC_DIR is None:
        return generate_latest(REGISTRY)
    all_workers = CollectorRegistry()
    multiprocess.MultiProcessCollector(all_workers, MULTIPROC_DIR)
    return generate_latest(all_workers)
