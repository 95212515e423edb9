"""Plots as SVG: lines over an axis with round ticks. Pure."""

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 680, 240
LEFT, RIGHT, TOP, BOTTOM = 58, 24, 12, 30

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    style: str
    """A class of the page's style sheet, which has the colours for light and dark."""
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Axis:
    """``ticks``: values with a label; ``scale``: maps a value to its share of the axis, 0 to 1."""

    ticks: Sequence[float]
    scale: Callable[[float], float]
    label: Callable[[float], str]


def linear(top: float, label: Callable[[float], str] = "{:,.4g}".format) -> Axis:
    """From 0 to a round number not below ``top``."""
    step = round_step(top / 4 or 0.25)
    end = max(step, math.ceil(top / step - 1e-9) * step)
    return Axis([step * number for number in range(round(end / step) + 1)], lambda value: value / end, label)


def logarithmic(low: float, high: float) -> Axis:
    """Powers of ten around both. Raises ValueError: ``low`` is not positive."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high) + 1e-9)
    last = max(last, first + 1)
    ticks = [10.0**power for power in range(first, last + 1)]
    return Axis(ticks, lambda value: (math.log10(value) - first) / (last - first), "{:,g}".format)


def round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def plot(title: str, lines: Sequence[Line], across: Axis, up: Axis, unit: str) -> str:
    """A figure; empty if no line has points."""
    lines = [line for line in lines if line.points]
    if not lines:
        return ""

    def x(value: float) -> float:
        return LEFT + across.scale(value) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - up.scale(value) * (HEIGHT - TOP - BOTTOM)

    grid = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        f'<text text-anchor="end" x="{LEFT - 8}" y="{y(tick) + 4:.1f}">{html.escape(up.label(tick))}</text>'
        for tick in up.ticks
    ]
    grid += [
        f'<text text-anchor="middle" x="{x(tick):.1f}" y="{HEIGHT - 8}">{html.escape(across.label(tick))}</text>'
        for tick in across.ticks
    ]
    drawn = [
        f'<polyline class="{line.style}" points="{" ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line.points)}"/>'
        for line in lines
    ]
    keys = "".join(f'<span class="{line.style}">{html.escape(line.name)}</span>' for line in lines)
    legend = f'<p class="legend">{keys}</p>' if len(lines) > 1 else ""
    return (
        f"<figure><figcaption>{html.escape(title)} <small>{html.escape(unit)}</small></figcaption>{legend}"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}">'
        f"{''.join(grid)}{''.join(drawn)}</svg></figure>"
    )
