"""``make bench``: the table. Each figure beside the echo's of the same run; medians of several rounds."""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench import closed_loop, crowd, desk, gap, nodes, paced, presence, stored
from bench.table import HEAD, Line, plain, text

SERVER_CORE, OUR_CORE = 0, 1
ROWS = ("closed", "paced", "presence", "gap", "desk", "crowd", "stored", "nodes")
PACE = 500.0


class Bench:
    """Measures rows in turn; later rows use the results of the first."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._given = given
        self._floor: float | None = None
        """CPU of the echo at 8 outstanding, in microseconds."""
        self._max_rate: float | None = None
        """The highest rate of the closed loop, in messages per second."""

    def row(self, name: str) -> list[Line]:
        given = self._given
        rows: dict[str, Callable[[], list[Line]]] = {
            "closed": self._closed,
            "paced": self._paced,
            "presence": lambda: presence.measure(SERVER_CORE),
            "gap": lambda: gap.measure(SERVER_CORE),
            "desk": lambda: desk.measure(SERVER_CORE),
            "crowd": lambda: crowd.measure(SERVER_CORE, given.rounds, given.crowd),
            "stored": lambda: stored.measure(SERVER_CORE, given.rounds, given.stored),
            "nodes": self._nodes,
        }
        return rows[name]()

    def _closed(self) -> list[Line]:
        found = closed_loop.measure(SERVER_CORE, self._given.rounds, self._given.outstanding)
        by_name = {line.name: line for line in found}
        echo = by_name.get("echo, 8 outstanding", found[0])
        self._floor = echo.cpu_micros
        self._max_rate = max(line.rate or 0.0 for line in found if line.name.startswith("delivered"))
        return found

    def _paced(self) -> list[Line]:
        if self._max_rate is None:
            self._calibrate()
        half = (self._max_rate or 0.0) / 2
        return [
            *paced.measure(SERVER_CORE, PACE, f"{PACE:g}/s"),
            *paced.measure(SERVER_CORE, half, f"half of most ({half:,.0f}/s)"),
        ]

    def _nodes(self) -> list[Line]:
        if self._floor is None:
            self._calibrate()
        os.sched_setaffinity(0, {SERVER_CORE, OUR_CORE})
        try:
            return nodes.measure(self._given.rounds, self._floor or 1.0)
        finally:
            os.sched_setaffinity(0, {OUR_CORE})

    def _calibrate(self) -> None:
        """One closed-loop round, if only later rows were requested."""
        echo, pairs = closed_loop.measure(SERVER_CORE, 1, [8])
        self._floor, self._max_rate = echo.cpu_micros, pairs.rate


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("rows", nargs="*", choices=ROWS, default=ROWS, help="rows to measure; default: all")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each CPU figure; the median is shown")
    parser.add_argument("--outstanding", type=int, nargs="*", default=[1, 8, 32])
    parser.add_argument("--stored", type=int, default=1_000_000, help="messages of the large database")
    parser.add_argument("--crowd", type=int, default=15_000, help="connections of the large crowd")
    parser.add_argument("--json", type=Path, help="write the table to this file")
    given = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("bench: needs two cores, one for the server and one for the harness")
    os.sched_setaffinity(0, {OUR_CORE})
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {_machine()}")
    print(
        f"{closed_loop.PAIRS} pairs, texts of {len(closed_loop.TEXT)} characters, the server on one core\n\n{HEAD}",
        flush=True,
    )
    began = time.monotonic()
    lines: list[Line] = []
    for line in _lines(Bench(given), given.rows):
        lines.append(line)
        print(text(line), flush=True)
    print(f"\nin {time.monotonic() - began:.0f} s")
    if given.json is not None:
        given.json.write_text(json.dumps([plain(line) for line in lines], indent=1, ensure_ascii=False))


def _lines(bench: Bench, rows: tuple[str, ...]) -> Iterator[Line]:
    for row in rows:
        yield from bench.row(row)


def _machine() -> str:
    """Processor, cores and load average."""
    info = Path("/proc/cpuinfo")
    names = [line.split(": ", 1)[1] for line in info.read_text().splitlines() if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {len(names)} cores, load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
