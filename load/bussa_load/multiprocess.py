"""Several processes, each with users of its own, that start sending together."""

import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Barrier
from typing import Any

from bussa_load.monitor import Progress, combined_progress
from bussa_load.outcome import Outcome

START_SECONDS = 600.0
"""How long a process waits for the others to be ready."""


class WorkerError(Exception):
    """A process failed; the message says why."""


def run_workers(
    work: Callable[..., Outcome], parts: Sequence[tuple[Any, ...]], tell: Callable[[str], None]
) -> list[Outcome]:
    """Run ``work(*part, report, ready)`` in a process for each of ``parts``. ``work`` is a module-level function.

    Raises WorkerError: the error of the first process that failed.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(parts))
    pipes: dict[Connection, int] = {}
    processes = []
    for number, part in enumerate(parts):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_worker, args=(work, part, theirs, barrier), daemon=True)
        process.start()
        theirs.close()
        pipes[ours] = number
        processes.append(process)
    try:
        return _gather(pipes, tell)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _gather(pipes: dict[Connection, int], tell: Callable[[str], None]) -> list[Outcome]:
    latest: dict[int, Progress] = {}
    outcomes: dict[int, Outcome] = {}
    count = len(pipes)
    while pipes:
        for pipe in wait(list(pipes)):
            assert isinstance(pipe, Connection)
            number = pipes[pipe]
            try:
                message = pipe.recv()
            except EOFError:
                raise WorkerError(f"process {number} of the harness died") from None
            if isinstance(message, WorkerError):
                raise message
            if isinstance(message, Outcome):
                outcomes[number] = message
                del pipes[pipe]
            elif isinstance(message, str):
                if number == 0:
                    tell(f"{message} (each of {count} processes)")
            else:
                latest[number] = message
                if number == 0:
                    tell(combined_progress(list(latest.values())).line())
    return [outcomes[number] for number in range(count)]


def _worker(work: Callable[..., Outcome], part: tuple[Any, ...], pipe: Connection, barrier: Barrier) -> None:
    try:
        pipe.send(work(*part, pipe.send, lambda: barrier.wait(START_SECONDS) and None))
    except Exception as error:  # noqa: BLE001 - any error is reported by the parent process
        barrier.abort()
        pipe.send(WorkerError(str(error) or type(error).__name__))
