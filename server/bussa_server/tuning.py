"""Tuning of the machine and the interpreter: open files, backlog, garbage collector, GIL, scheduler, event loop.

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
"""Listen backlog: after a restart all clients reconnect at once."""

RESERVED_FILES = 65_536
"""File descriptors for which the kernel's table has room from the start, at half a MiB. More can still be opened."""

SWITCH_SECONDS = 0.0005
"""The interpreter's thread switch interval: how long a thread waits for the GIL. The store's threads need the GIL after
every statement, and with the default 5 ms a busy event loop turns a commit of a few statements into tens of
milliseconds."""

GC_THRESHOLDS = (5_000, 1, 500)
"""Thresholds of Python's garbage collector: allocated containers per young collection, young collections per collection
of the middle generation, and those per full one. A message allocates about twenty containers and leaves none behind, so
with the default of 700 most collections (an eighth of all CPU time) found nothing. A collection stalls the event loop:
while thousands of clients connect, with 20,000 a young one took 5 to 10 ms, and a middle one, every ten, 16 to 22 ms.
With every other collection a middle one they take 3 % of the time, and 7 ms at most."""


def raise_file_limit() -> None:
    """Raise the limit of open files: each connection is one, and the default limit is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 1_048_576
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def reserve_files() -> None:
    """Grow the kernel's file descriptor table now.

    It grows by doubling, and each time opening a file waits for an RCU grace period on all processors: 10 to 18 ms,
    four times on the way to 5,000 connections. Call it after forking: a fork shrinks the table to the open files.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open(os.devnull, "rb") as file:
        os.close(fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, min(limit, RESERVED_FILES) - 1))


def tune_interpreter() -> None:
    """Set the switch interval and the garbage collector. Call it after startup."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()  # exempt what lives forever: modules, types, routes
    gc.set_threshold(*GC_THRESHOLDS)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run ``main`` on uvloop."""
    uvloop.run(main)


yield_cpu = ctypes.CDLL(None).sched_yield
"""Yield the CPU to waiting threads (sched_yield(2)). On a single CPU the kernel would run the writer thread only when
this thread sleeps, or at its next clock tick: a delay of up to 4 ms under load. `os.sched_yield` would not help,
because it keeps the GIL."""
