"""The report as one HTML page, with plots in SVG and nothing from elsewhere."""

import html
import json
from typing import Any

from load.meter import Meter

WIDTH, HEIGHT, MARGIN = 640, 220, 44

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Bussa: load</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430 }}
pre {{ background: #f3f5f8; padding: 1rem; overflow-x: auto; border-radius: 6px }}
svg {{ width: 100%; height: auto }} text {{ font-size: 11px; fill: #556 }}
</style>
<h1>Load</h1><pre>{table}</pre>
{plots}
<details><summary>JSON</summary><pre>{data}</pre></details></html>
"""


def as_html(table: str, data: dict[str, Any], meter: Meter) -> str:
    """``table`` and ``data``: what `load.report` makes of the same outcome."""
    plots = [_latencies(meter)]
    plots.append(_plot("delivered a second", [list(enumerate(data["per_second"]))], ["#2563eb"], ""))
    if data["server_cpu"]:
        plots.append(_plot("server CPU, % of a core", [_scaled(data["server_cpu"], 100)], ["#b45309"], ""))
    if data["server_memory"]:
        plots.append(_plot("server memory, MiB", [_scaled(data["server_memory"], 1 / 2**20)], ["#047857"], ""))
    return _PAGE.format(table=html.escape(table), plots="\n".join(plots), data=html.escape(json.dumps(data, indent=1)))


def _scaled(values: list[float], factor: float) -> list[tuple[float, float]]:
    return [(float(second), value * factor) for second, value in enumerate(values)]


def _latencies(meter: Meter) -> str:
    """Latency by percentile; the axis spreads the tail: each step is one more nine."""
    lines: list[list[tuple[float, float]]] = []
    for histogram in (meter.acked, meter.delivered):
        points: list[tuple[float, float]] = []
        if histogram.get_total_count():
            for tenth in range(1, 41):
                share = 1 - 10 ** (-tenth / 10)
                points.append((tenth / 10, histogram.get_value_at_percentile(share * 100) / 1000))
        lines.append(points)
    title = "latency in ms by nines (1: p90, 2: p99, 3: p99.9); grey: send → ack, blue: send → delivered"
    return _plot(title, lines, ["#94a3b8", "#2563eb"], "")


def _plot(title: str, lines: list[list[tuple[float, float]]], colours: list[str], unit: str) -> str:
    points = [point for line in lines for point in line]
    if not points:
        return ""
    right = max(x for x, _ in points) or 1
    top = max(y for _, y in points) or 1

    def place(x: float, y: float) -> str:
        across = MARGIN + x / right * (WIDTH - 2 * MARGIN)
        return f"{across:.1f},{HEIGHT - MARGIN / 2 - y / top * (HEIGHT - MARGIN):.1f}"

    drawn = "".join(
        f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(place(*p) for p in line)}"/>'
        for line, colour in zip(lines, colours, strict=True)
        if line
    )
    grid = "".join(
        f'<text x="4" y="{HEIGHT - MARGIN / 2 - share * (HEIGHT - MARGIN) + 4:.0f}">{top * share:,.4g}{unit}</text>'
        for share in (0, 0.5, 1)
    )
    return (
        f'<h2>{html.escape(title)}</h2><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{html.escape(title)}">{grid}{drawn}</svg>'
    )
