"""Where the workers of one port count together, so that ``/metrics`` of any of them counts all."""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def enabled() -> Generator[None, None, None]:
    """Count in files of a folder that is gone afterwards, and not in memory.

    To be entered before `bussa_server.telemetry` is imported: a metric finds out where to count when it is made
    (prometheus_client, multiprocess mode).
    """
    with tempfile.TemporaryDirectory(prefix="bussa-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield
