"""The reports of a run: text, JSON and HTML."""

import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_load import html, report
from bussa_load.meter import Counts
from bussa_load.outcome import Outcome, combined
from bussa_load.plan import Plan
from bussa_load.plots import Line, linear, logarithmic, plot, round_step

PLAN = Plan("pairs", 10, 4)


def outcome(**more: Any) -> Outcome:
    """An outcome of 4 s and 400 messages, one in a hundred slow."""
    delivered = Counter({2_000: 396, 80_000: 4})
    defaults: dict[str, Any] = {
        "plan": PLAN,
        "connections": 10,
        "seconds": 4.0,
        "acknowledged": 400,
        "refused": 0,
        "delivered": 400,
        "postponed": Counter[str](),
        "given_up": 0,
        "opening_seconds": 0.5,
        "wrong": 0,
        "complaints": [],
        "counts": Counts(Counter({1_000: 400}), delivered, Counter[int](), Counter({0: 90, 1: 110, 2: 100, 3: 100})),
        "harness_cpu": 0.1,
        "harness_cpu_seconds": 0.4,
        "server_cpu_seconds": 0.02,
        "server_cpu": [0.004, 0.006],
        "server_memory": [50e6, 60e6],
        "memory_before": 40e6,
    }
    return Outcome(**(defaults | more))


def test_text_report_shows_throughput_latency_and_cpu() -> None:
    text = report.as_text(outcome())
    assert text.startswith("pairs: 10 connections, closed loop, 1 outstanding, texts of 120, 4.0 s\n")
    assert re.search(r"delivered +400 +100 per second", text)
    assert re.search(r"opened in +0.50 s +20 connects", text)
    assert re.search(r"server CPU +0.5% +of a core; 50 µs per message", text)
    assert re.search(r"harness CPU +10% +of a core; 1000 µs per message", text)
    assert re.search(r"send → delivered +2.00 +2.00 +2.00 +80", text)
    assert text.endswith(report.ALL_CORRECT)
    assert "WARNING" not in text


def test_report_omits_what_was_not_measured() -> None:
    quiet = outcome(server_cpu_seconds=None, server_cpu=[], server_memory=[], delivered=0, acknowledged=0)
    assert "not available from /metrics" in report.as_text(quiet)
    assert report.cpu_micros_per_message(quiet) is None
    idle = report.as_text(outcome(plan=replace(PLAN, kind="idle"), delivered=0))
    assert not re.search(r"delivered +0", idle)
    assert idle.endswith("every connection: open to the end")


def test_report_lists_refusals_postponements_losses_and_storms() -> None:
    text = report.as_text(
        outcome(
            refused=7,
            postponed=Counter({"unavailable": 3}),
            given_up=2,
            lost=Counter({1012: 10}),
            comebacks=[0.5, 2.0],
        )
    )
    assert re.search(r"refused +7 +as the rules require", text)
    assert re.search(r"unavailable +3 +retried later", text)
    assert re.search(r"given up +2", text)
    assert re.search(r"connections lost +10 +with 1012", text)
    assert re.search(r"storm 2: back in +2.00 s +5 resumes per second", text)


@pytest.mark.parametrize(
    ("more", "warning"),
    [
        ({"harness_cpu": 0.9}, "may itself be the bottleneck"),
        ({"postponed": Counter({"rate_limited": 1})}, "--send-rate 0"),
        ({"counts": Counts(Counter(), Counter(), Counter({100: 95, 50_000: 5}), Counter())}, "could not keep the rate"),
    ],
)
def test_warnings_stand_in_every_report(more: dict[str, Any], warning: str) -> None:
    found = outcome(**more)
    assert warning in report.as_text(found)
    assert warning in report.as_json(found)["warnings"][0]
    assert warning in html.as_html(found)


def test_complaints_replace_the_all_correct_line() -> None:
    wrong = outcome(wrong=12, complaints=["<ann>: seq 4 after 2"])
    assert "WRONG 12 times:\n  <ann>: seq 4 after 2" in report.as_text(wrong)
    assert report.ALL_CORRECT not in report.as_text(wrong)
    page = html.as_html(wrong)
    assert '<div class="verdict wrong">WRONG 12 times:<ul><li>&lt;ann&gt;: seq 4 after 2</li></ul></div>' in page


def test_json_report_has_all_figures() -> None:
    data = json.loads(json.dumps(report.as_json(outcome(lost=Counter({1006: 2})))))
    assert data["plan"]["kind"] == "pairs"
    assert data["delivered_per_second"] == 100
    assert data["server_cpu_micros_per_delivered"] == 50
    assert data["delivered_ms"]["p50"] == pytest.approx(2, rel=0.002)
    assert data["per_second"] == [90, 110, 100, 100]
    assert data["lost"] == {"1006": 2}
    assert data["wrong"] == 0
    assert "counts" not in data


def test_unfinished_second_is_left_out() -> None:
    assert report.per_second(outcome(seconds=3.999)) == [90, 110, 100, 100]
    assert report.per_second(outcome(seconds=3.5)) == [90, 110, 100]
    assert report.per_second(outcome(seconds=0.2)) == [90]


def test_late_deliveries_do_not_count_as_throughput() -> None:
    """An overloaded server delivers everything, but after the end."""
    late = Counter({0: 50, 1: 50, 2: 50, 3: 50, 4: 100, 5: 100})
    found = outcome(counts=Counts(Counter({1_000: 400}), Counter({2_000: 400}), Counter[int](), late))
    assert report.rate(found) == 50
    assert re.search(r"delivered +400 +50 per second; 200 after the end\n", report.as_text(found))
    assert report.as_json(found)["delivered_per_second"] == 50
    assert report.rate(outcome(seconds=0.5)) == 800


class Tags(HTMLParser):
    """Checks that every opened tag is closed, and that nothing is loaded from elsewhere."""

    empty = frozenset(("meta",))

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.seen: Counter[str] = Counter()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        assert not {"src", "href", "onload"} & {name for name, _ in attrs}
        if tag not in self.empty:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag


@pytest.mark.parametrize("found", [outcome(), outcome(server_cpu=[], counts=Counts(*(Counter() for _ in range(4))))])
def test_html_report_is_well_formed_and_self_contained(found: Outcome) -> None:
    tags = Tags()
    tags.feed(html.as_html(found))
    assert tags.opened == []
    assert tags.seen["table"] >= 1
    assert "url(" not in html.as_html(found)


def test_html_report_has_four_plots() -> None:
    tags = Tags()
    tags.feed(html.as_html(outcome()))
    assert tags.seen["svg"] == 4
    assert tags.seen["polyline"] == 5


@given(st.floats(1e-3, 1e9))
def test_linear_axis_has_round_steps_and_covers_value(value: float) -> None:
    step = round_step(value)
    assert value * (1 - 1e-6) <= step <= value * 5 * (1 + 1e-6)
    axis = linear(value)
    assert axis.ticks[0] == 0
    assert axis.ticks[-1] >= value * (1 - 1e-6)
    assert 0.4 < axis.scale(value) <= 1 + 1e-6
    assert len(axis.ticks) <= 6


@given(st.floats(1e-3, 1e6), st.floats(1, 1e6))
def test_logarithmic_axis_covers_both_ends(low: float, factor: float) -> None:
    axis = logarithmic(low, low * factor)
    assert -1e-6 <= axis.scale(low) <= axis.scale(low * factor) <= 1 + 1e-6
    assert [axis.scale(tick) for tick in axis.ticks] == pytest.approx(
        [number / (len(axis.ticks) - 1) for number in range(len(axis.ticks))]
    )


def test_plot_points_lie_within_the_figure() -> None:
    figure = plot("t", [Line("a", "blue", [(0, 0), (3, 7), (9, 10)])], linear(9), linear(10), "")
    (points,) = re.findall(r'points="([^"]+)"', figure)
    for point in points.split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= 680
        assert 0 <= y <= 240


def test_outcomes_of_several_processes_combine() -> None:
    plan = replace(PLAN, connections=30)
    parts = [
        outcome(comebacks=[1.0, 2.0], wrong=1, complaints=["a"]),
        outcome(connections=20, seconds=5.0, comebacks=[3.0, 1.0], harness_cpu=0.5, server_cpu=[]),
    ]
    whole = combined(parts, plan)
    assert (whole.plan, whole.connections, whole.delivered, whole.wrong) == (plan, 30, 800, 1)
    assert (whole.seconds, whole.harness_cpu, whole.harness_cpu_seconds) == (5.0, 0.5, 0.8)
    assert whole.comebacks == [3.0, 2.0]
    assert whole.counts.delivered.total() == 800
    assert whole.server_cpu_seconds == 0.02
