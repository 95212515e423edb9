"""The report as one self-contained HTML page with SVG plots."""

import html
import json
from collections.abc import Mapping, Sequence

from bussa_load import report
from bussa_load.meter import histogram
from bussa_load.outcome import Outcome
from bussa_load.plots import Axis, Line, linear, logarithmic, plot

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #e3e7ee; --card: #f6f8fb; --page: #fff;
  --blue: #2563eb; --grey: #8b97a8; --amber: #b45309; --green: #047857; --red: #b91c1c }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf1; --soft: #9aa6b6; --line: #2a3240; --card: #171d27;
  --page: #0f141b; --blue: #6ea0ff; --grey: #7f8b9c; --amber: #e0a04a; --green: #4cc09a; --red: #f58b8b } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2.5rem auto; padding: 0 1.2rem;
  color: var(--ink); background: var(--page) }
h1 { font-size: 1.5rem; margin: 0 0 .2rem } .plan { color: var(--soft); margin: 0 0 1.2rem }
.verdict { border-left: 4px solid var(--green); background: var(--card); padding: .7rem 1rem; border-radius: 4px }
.verdict.wrong { border-color: var(--red) } .warning { border-color: var(--amber) }
.verdict ul { margin: .3rem 0 0; padding-left: 1.1rem }
table { border-collapse: collapse; width: 100%; margin: 1.2rem 0; font-variant-numeric: tabular-nums }
td, th { padding: .3rem .5rem; border-bottom: 1px solid var(--line); text-align: left; font-weight: 400 }
td.number, th.number { text-align: right; white-space: nowrap } td.note, th { color: var(--soft) }
figure { margin: 1.6rem 0; background: var(--card); border-radius: 8px; padding: .9rem 1rem .5rem }
figcaption { font-weight: 600 } small { color: var(--soft); font-weight: 400 }
svg { width: 100%; height: auto; display: block; overflow: visible } svg text { font-size: 11px; fill: var(--soft) }
.grid { stroke: var(--line) } polyline { fill: none; stroke-width: 2; stroke-linejoin: round }
polyline.blue { stroke: var(--blue) } polyline.grey { stroke: var(--grey); stroke-dasharray: 4 6 }
polyline.amber { stroke: var(--amber) } polyline.green { stroke: var(--green) }
.legend { margin: .2rem 0 0; font-size: .85rem; color: var(--soft) } .legend span { margin-right: 1.2rem }
.legend span::before { content: "■ " } .legend .blue::before { color: var(--blue) }
.legend .grey::before { color: var(--grey) }
pre { overflow-x: auto; font-size: .8rem } summary { cursor: pointer; color: var(--soft) }
@media (max-width: 34rem) { td, th { padding: .3rem .2rem; font-size: .8rem } svg text { font-size: 18px } }
"""


def as_html(outcome: Outcome) -> str:
    """A whole page."""
    data = html.escape(json.dumps(report.as_json(outcome), indent=1))
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width"><title>Bussa: load</title>',
        f"<style>{_STYLE}</style></head><body><main><h1>Load</h1>",
        f'<p class="plan">{html.escape(report.title(outcome))}</p>',
        _verdict(outcome),
        *(f'<p class="verdict warning">Warning: {html.escape(warning)}</p>' for warning in report.warnings(outcome)),
        _table(outcome),
        _latency_table(outcome),
        *_plots(outcome),
        f"<details><summary>All of it as JSON</summary><pre>{data}</pre></details></main></body></html>",
    ]
    return "\n".join(part for part in parts if part)


def _verdict(outcome: Outcome) -> str:
    first, *rest = report.verdict(outcome)
    items = "".join(f"<li>{html.escape(line.strip())}</li>" for line in rest)
    kind = "verdict wrong" if outcome.wrong else "verdict"
    return f'<div class="{kind}">{html.escape(first)}{f"<ul>{items}</ul>" if items else ""}</div>'


def _table(outcome: Outcome) -> str:
    lines = (
        f'<tr><th scope="row">{html.escape(name)}</th><td class="number">{html.escape(value)}</td>'
        f'<td class="note">{html.escape(note)}</td></tr>'
        for name, value, note in report.rows(outcome)
    )
    return f"<table>{''.join(lines)}</table>"


def _latency_table(outcome: Outcome) -> str:
    found = report.latencies(outcome)
    if not found:
        return ""
    head = "".join(f'<th scope="col" class="number">{key}</th>' for key in found[0][1])
    lines = (
        f'<tr><th scope="row">{html.escape(name)}</th>'
        + "".join(f'<td class="number">{value:,.2f}</td>' for value in ms.values())
        + "</tr>"
        for name, ms in found
    )
    return f'<table><tr><th scope="col">milliseconds</th>{head}</tr>{"".join(lines)}</table>'


def _plots(outcome: Outcome) -> list[str]:
    counts = outcome.counts
    delivered = [(float(second), float(count)) for second, count in enumerate(report.per_second(outcome))]
    return [
        _latencies(counts.acked, counts.delivered),
        _over_time("Delivered", "messages a second, by second", "blue", delivered if counts.delivered else []),
        _over_time("The server's CPU", "% of a core, by second", "amber", _scaled(outcome.server_cpu, 100)),
        _over_time("The server's memory", "MiB, by second", "green", _scaled(outcome.server_memory, 1 / 2**20)),
    ]


def _scaled(values: Sequence[float], factor: float) -> list[tuple[float, float]]:
    return [(float(second), value * factor) for second, value in enumerate(values)]


def _over_time(title: str, unit: str, style: str, points: Sequence[tuple[float, float]]) -> str:
    if len(points) < 2:
        return ""
    across = linear(points[-1][0], "{:g} s".format)
    return plot(title, [Line(title, style, points)], across, linear(max(y for _, y in points)), unit)


def _latencies(acked: Mapping[int, int], delivered: Mapping[int, int]) -> str:
    """Latency by percentile. The axis spreads the tail: each step is one more nine."""
    # The dashed line is drawn last: the two often coincide.
    lines = [
        Line("send → delivered", "blue", _by_nines(delivered)),
        Line("send → ack", "grey", _by_nines(acked)),
    ]
    values = [y for line in lines for _, y in line.points]
    if not values:
        return ""
    nines = Axis([0, 1, 2, 3, 4], lambda value: value / 4, lambda nine: f"p{100 - 10 ** (2 - nine):g}")
    return plot("Latency", lines, nines, logarithmic(min(values), max(values)), "milliseconds, by percentile")


def _by_nines(counts: Mapping[int, int]) -> list[tuple[float, float]]:
    total = sum(counts.values())
    if not total:
        return []
    made = histogram(counts)
    # A percentile above which there is less than one message is meaningless.
    steps = (tenth / 20 for tenth in range(81) if total * 10 ** (-tenth / 20) >= 1)
    return [(nine, made.get_value_at_percentile(100 - 10 ** (2 - nine)) / 1000) for nine in steps]
