"""One user whom 5,000 write to, and who answers each."""

from bench import servers
from bench.runner import run_plan
from bench.table import Line
from bussa_load.meter import histogram, percentiles
from bussa_load.plan import Plan
from bussa_load.report import cpu_micros_per_message

CUSTOMERS = 5_000
SECONDS = 8.0


def measure(core: int | None) -> list[Line]:
    with servers.bussa(core) as server:
        outcome = run_plan(server, Plan("desk", CUSTOMERS + 1, SECONDS))
    ms = percentiles(histogram(outcome.counts.delivered))
    cpu = cpu_micros_per_message(outcome)
    return [
        Line(
            "desk with 5,000 customers",
            outcome.delivered / outcome.seconds,
            cpu,
            (outcome.server_cpu_seconds or 0) / outcome.seconds,
            note=f"p50 {ms['p50']:.0f} ms, p99 {ms['p99']:.0f} ms, every customer waits for an answer",
        )
    ]
