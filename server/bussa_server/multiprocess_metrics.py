"""Shared metrics of several workers: ``/metrics`` of any worker shows the sum of all."""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def enabled() -> Generator[None, None, None]:
    """Count in files of a temporary folder instead of in memory.

    Enter it before `bussa_server.telemetry` is imported: a metric decides where to count when it is created
    (prometheus_client, multiprocess mode).
    """
    with tempfile.TemporaryDirectory(prefix="bussa-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield
