"""The metrics of this process, in a registry of their own: what another library declares stays out.

Where several workers serve one port (`bussa_server.multiprocess_metrics`), each counts in files of its own, named by
its number among them, and any of them reads those of all. The successor of a worker that died takes its number and
counts on where that one ended, so no counter ever falls. What the process collector knows (memory, files) is of one
process, and is left out then.
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

# A time of creation beside every counter would double the text; a scraper sees a restart by the counter itself.
disable_created_metrics()

MultiprocessMode = Literal["livesum", "livemin", "livemax"]

_worker = "supervisor"

MULTIPROC_DIR = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
if MULTIPROC_DIR is not None:
    # Places and not process ids: else each worker that died would leave its files behind, without end.
    values.ValueClass = values.MultiProcessValue(lambda: _worker)  # pyright: ignore[reportUnknownMemberType] - it has no types

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Buckets of a duration: from one fast flush to disk up to a deadline."""


def counter(name: str, help: str, *labels: str) -> Counter:
    return Counter(f"bussa_{name}", help, labels, registry=REGISTRY)


def gauge(name: str, help: str, *labels: str, multiprocess_mode: MultiprocessMode = "livesum") -> Gauge:
    """``of_all``: what is shown where several workers have a value each; the dead have none."""
    return Gauge(f"bussa_{name}", help, labels, registry=REGISTRY, multiprocess_mode=multiprocess_mode)


def histogram(name: str, help: str, *labels: str, buckets: Sequence[float] = SECONDS) -> Histogram:
    return Histogram(f"bussa_{name}", help, labels, buckets=buckets, registry=REGISTRY)


def set_worker(worker: str) -> None:
    """This process, freshly forked, is the worker at ``place``: no other one alive may be."""
    global _worker
    _worker = worker


def remove_worker(worker: str) -> None:
    """The worker at ``place`` is gone, and with it what it had open."""
    if MULTIPROC_DIR is not None:
        multiprocess.mark_process_dead(worker, MULTIPROC_DIR)  # pyright: ignore[reportUnknownMemberType] - it has no types


def metrics() -> bytes:
    """Everything counted so far, as Prometheus text (exposition format 0.0.4)."""
    if MULTIPROC_DIR is None:
        return generate_latest(REGISTRY)
    all_workers = CollectorRegistry()
    multiprocess.MultiProcessCollector(all_workers, MULTIPROC_DIR)
    return generate_latest(all_workers)
