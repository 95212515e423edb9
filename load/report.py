"""What a run has shown: as a table for people, as JSON for machines."""

from dataclasses import asdict
from typing import Any

from load.meter import Meter, percentiles
from load.runner import Outcome

BUSY = 0.85
"""Of a core: a harness busier than this may itself be the bottleneck."""


def combined(outcomes: list[Outcome]) -> tuple[Outcome, Meter]:
    """Several processes' outcomes as one, and their histograms together."""
    meter = Meter(0.0)
    for outcome in outcomes:
        meter.merge(*outcome.encoded)
    first = outcomes[0]
    return (
        Outcome(
            plan=first.plan,
            seconds=max(o.seconds for o in outcomes),
            acknowledged=sum(o.acknowledged for o in outcomes),
            refused=sum(o.refused for o in outcomes),
            delivered=sum(o.delivered for o in outcomes),
            rate_limited=sum(o.rate_limited for o in outcomes),
            opening_seconds=max(o.opening_seconds for o in outcomes),
            wrong=sum(o.wrong for o in outcomes),
            complaints=[complaint for o in outcomes for complaint in o.complaints],
            encoded=meter.encoded(),
            harness_cpu=max(o.harness_cpu for o in outcomes),
            server_cpu=first.server_cpu,
            server_memory=first.server_memory,
            memory_before=first.memory_before,
            comebacks=[max(times) for times in zip(*(o.comebacks for o in outcomes), strict=True)],
        ),
        meter,
    )


def as_json(outcome: Outcome, meter: Meter, connections: int) -> dict[str, Any]:
    """The whole outcome; latencies in milliseconds."""
    plain = asdict(outcome)
    del plain["encoded"]
    return plain | {
        "connections": connections,
        "delivered_per_second": outcome.delivered / outcome.seconds,
        "server_cpu_micros_per_delivered": cpu_each(outcome),
        "ack_ms": percentiles(meter.acked),
        "delivered_ms": percentiles(meter.delivered),
        "per_second": [meter.per_second.get(second, 0) for second in range(int(outcome.seconds))],
    }


def cpu_each(outcome: Outcome) -> float | None:
    """Microseconds of the server's CPU a delivered message, where it says."""
    if not outcome.server_cpu or not outcome.delivered:
        return None
    seconds = sum(outcome.server_cpu) / len(outcome.server_cpu) * outcome.seconds
    return seconds / outcome.delivered * 1e6


def as_text(outcome: Outcome, meter: Meter, connections: int) -> str:
    """A table of one screen."""
    plan = outcome.plan
    loop = f"open loop at {plan.rate:g}/s" if plan.open_loop else f"closed loop, {plan.outstanding} outstanding"
    lines = [
        f"{plan.kind}: {connections} connections, {loop}, {outcome.seconds:.1f} s, texts of {plan.text}",
        "",
        f"  opened in          {outcome.opening_seconds:10.2f} s   ({connections / outcome.opening_seconds:,.0f}/s)",
        f"  acknowledged       {outcome.acknowledged:10,}",
        f"  delivered          {outcome.delivered:10,}     ({outcome.delivered / outcome.seconds:,.0f}/s)",
    ]
    if outcome.refused:
        lines.append(f"  refused            {outcome.refused:10,}     as the rules have it")
    if outcome.rate_limited:
        lines.append(f"  rate-limited       {outcome.rate_limited:10,}     start the server with --send-rate 0")
    for name, histogram in (("send → ack", meter.acked), ("send → delivered", meter.delivered)):
        if found := percentiles(histogram):
            lines.append(f"  {name:<18} " + "  ".join(f"{key} {value:.2f}" for key, value in found.items()) + "  ms")
    for number, took in enumerate(outcome.comebacks, 1):
        lines.append(f"  storm {number}: back in  {took:10.2f} s   ({connections / took:,.0f} resumes/s)")
    lines += _server_lines(outcome, connections)
    lines.append(f"  the harness itself {outcome.harness_cpu:10.0%}     of a core")
    if outcome.harness_cpu > BUSY:
        lines.append("  WARNING: the harness may itself be the bottleneck; use more --processes")
    lines.append("")
    if outcome.wrong:
        lines += [f"WRONG {outcome.wrong} times:", *(f"  {complaint}" for complaint in outcome.complaints)]
    else:
        lines.append("every message: delivered, once, in order, none against the rules")
    return "\n".join(lines)


def _server_lines(outcome: Outcome, connections: int) -> list[str]:
    if not outcome.server_cpu:
        return ["  the server does not say what it uses"]
    mean = sum(outcome.server_cpu) / len(outcome.server_cpu)
    each = cpu_each(outcome)
    lines = [f"  the server         {mean:10.0%}     of a core" + (f", {each:.0f} µs a message" if each else "")]
    if outcome.memory_before is not None and outcome.server_memory:
        grown = (max(outcome.server_memory) - outcome.memory_before) / connections / 1024
        lines.append(
            f"  its memory         {max(outcome.server_memory) / 2**20:10.0f} MiB ({grown:.1f} KiB a connection)"
        )
    return lines
