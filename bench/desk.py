"""One whom 5,000 write to, and who answers each."""

from bench import servers
from bench.runs import loaded
from bench.table import Line
from bussa_load.meter import histogram, percentiles
from bussa_load.plan import Plan
from bussa_load.report import cpu_each

CUSTOMERS = 5_000
SECONDS = 8.0


def measure(core: int | None) -> list[Line]:
    with servers.bussa(core) as server:
        outcome = loaded(server, Plan("desk", CUSTOMERS + 1, SECONDS))
    ms = percentiles(histogram(outcome.counts.delivered))
    cpu = cpu_each(outcome)
    return [
        Line(
            "desk with 5,000 customers",
            outcome.delivered / outcome.seconds,
            cpu,
            (outcome.server_cpu_seconds or 0) / outcome.seconds,
            note=f"p50 {ms['p50']:.0f} ms, p99 {ms['p99']:.0f} ms, every customer waiting for an answer",
        )
    ]
