"""CPU per delivered message with a small database and with a large one."""

import shutil
import subprocess
import sys
from pathlib import Path

from bench import servers
from bench.closed_loop import echo_round, pairs_round
from bench.runner import run
from bench.table import Line, Measured, median

FEW = 1_000
OUTSTANDING = 8
FILL_SECONDS = 1800


def measure(core: int | None, rounds: int, many: int) -> list[Line]:
    with servers.folder() as folder:
        sizes = {size: folder / str(size) for size in (FEW, many)}
        for size, data in sizes.items():
            _fill(data, size)
        found: dict[int, list[Measured]] = {size: [] for size in sizes}
        floor: list[Measured] = []
        for _ in range(rounds):
            with servers.echo(core) as server:
                floor.append(run(echo_round(server, OUTSTANDING)))
            for size, data in sizes.items():
                with servers.bussa(core, data) as server:
                    found[size].append(run(pairs_round(server, OUTSTANDING)))
            shutil.rmtree(sizes[FEW])  # the round has grown it
            _fill(sizes[FEW], FEW)
    small, large = (median(f"delivered, {size:,} stored", measured, floor) for size, measured in found.items())
    assert small.cpu_micros is not None
    assert large.cpu_micros is not None
    note = f"{large.cpu_micros / small.cpu_micros:.2f} × the cost at {FEW:,}"
    return [small, Line(large.name, large.rate, large.cpu_micros, large.core, large.ratio, note)]


def _fill(data: Path, messages: int) -> None:
    command = [sys.executable, "-m", "bench.fill", str(data), str(messages)]
    subprocess.run(command, check=True, timeout=FILL_SECONDS)
