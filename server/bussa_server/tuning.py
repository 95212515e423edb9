"""Tuning of the machine and the interpreter: file limit, backlog, garbage collector, interpreter lock, scheduler, loop.

Each value was measured: docs/decisions/0012, docs/performance.md.
"""

import ctypes
import fcntl
import gc
import os
import resource
import sys
from collections.abc import Coroutine
from typing import Any

import uvloop

BACKLOG = 4096
"""Connections that the kernel queues before they are accepted: after a restart all clients come back at once."""

RESERVED_FILES = 65_536
"""Size of the process's file descriptor table from the start: half a MiB of kernel memory. More files can be opened."""

SWITCH_SECONDS = 0.0005
"""Seconds after which a thread that waits for the interpreter's lock gets it from a busy one. The store's threads want
it after every statement; at the default of 5 ms a busy loop makes a commit of some statements one of tens of
milliseconds."""

GC_THRESHOLDS = (5_000, 1, 500)
"""Thresholds of Python's garbage collector: container allocations per young collection, young collections per middle
one, middle ones per full one.

A message allocates some twenty containers and leaves none behind, so at the default of 700 most collections (an eighth
of all CPU time) found nothing. But a collection stops the loop: where people come in by the thousand, a young one of
20,000 took 5 to 10 ms, and a middle one after ten of those 16 to 22. With these values collections take 3 % of the
time, and 7 ms at the most."""


def raise_file_limit() -> None:
    """Raise the limit of open files to the hard limit. Each connection is one, and the usual soft limit is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 1_048_576
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def reserve_files() -> None:
    """Grow the kernel's file descriptor table to `RESERVED_FILES` now.

    It grows by doubling, and each time whoever opens a file waits for all processors to pass a grace period: 10 to
    18 ms, four times on the way to 5,000 connections. Call it after the last fork, which cuts the table back to what is
    open.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open(os.devnull, "rb") as file:
        os.close(fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, min(limit, RESERVED_FILES) - 1))


def tune_interpreter() -> None:
    """Set the switch interval and the garbage collector. Call it once everything that stays has been made."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()  # modules, types, routes: no collection looks at them again
    gc.set_threshold(*GC_THRESHOLDS)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run ``main`` on uvloop."""
    uvloop.run(main)


yield_cpu = ctypes.CDLL(None).sched_yield
"""Let waiting threads have the processor (sched_yield(2)). On a single core the kernel would otherwise let the thread
that commits wait until the loop sleeps or the clock ticks, up to 4 ms. `os.sched_yield` keeps the interpreter's lock,
so the thread would get the processor and not the lock."""
