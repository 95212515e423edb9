"""Several processes, each with people of its own, that begin together."""

import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Barrier
from typing import Any

from bussa_load.monitor import Progress, combined_progress
from bussa_load.outcome import Outcome

START_SECONDS = 600.0
"""How long one may wait for the others to be ready."""


class WorkerError(Exception):
    """A process could not do its part; says why."""


def run_workers(
    work: Callable[..., Outcome], parts: Sequence[tuple[Any, ...]], tell: Callable[[str], None]
) -> list[Outcome]:
    """``work(*part, report, ready)`` in a process for each of ``parts``; ``work`` is a function of a module.

    Raises WorkerError: what the first one that failed had to say.
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
                raise WorkerError(f"process {number} of the harness ended without a word") from None
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
    except Exception as error:  # noqa: BLE001 - whatever it was, it is said in the process that was asked
        barrier.abort()
        pipe.send(WorkerError(str(error) or type(error).__name__))
