"""The table: lines, medians, ratios."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Measured:
    """One measurement, per unit of work (a delivered message, an echoed frame, an opened connection)."""

    rate: float
    """Units per second."""
    cpu_micros: float
    """CPU microseconds of the server per unit."""
    core: float
    """Share of a core that the server used, 0 to 1."""


@dataclass(frozen=True)
class Line:
    name: str
    rate: float | None = None
    """Per second."""
    cpu_micros: float | None = None
    """Of the server, per unit."""
    core: float | None = None
    ratio: float | None = None
    """To the echo's figure."""
    note: str = ""


HEAD = f"{'':<34}{'a second':>10}{'CPU µs':>9}{'core':>7}{'× echo':>8}"


def text(line: Line) -> str:
    rate = "" if line.rate is None else f"{line.rate:,.0f}"
    cpu = "" if line.cpu_micros is None else f"{line.cpu_micros:,.1f}"
    core = "" if line.core is None else f"{line.core:.0%}"
    ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
    return f"{line.name:<34}{rate:>10}{cpu:>9}{core:>7}{ratio:>8}   {line.note}".rstrip()


def plain(line: Line) -> dict[str, object]:
    return {name: value for name, value in asdict(line).items() if value not in (None, "")}


def median(name: str, measured: Sequence[Measured], floor: Sequence[Measured], note: str = "") -> Line:
    """The medians of rounds, and the ratio of CPU to the ``floor``'s interleaved rounds."""
    cpu = statistics.median(m.cpu_micros for m in measured)
    return Line(
        name,
        statistics.median(m.rate for m in measured),
        cpu,
        statistics.median(m.core for m in measured),
        cpu / statistics.median(m.cpu_micros for m in floor),
        note,
    )
