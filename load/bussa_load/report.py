"""The result of a run as a text table and as JSON."""

from dataclasses import asdict, fields
from typing import Any

from bussa_load.meter import histogram, percentiles
from bussa_load.outcome import Outcome

BUSY_SHARE = 0.85
"""Share of a core above which the harness itself may be the bottleneck."""
LATE_MS = 10.0
"""99th percentile of the open loop's lateness above which the harness does not keep the rate."""
LATE_SHARE = 0.01
"""Share of messages delivered after the end that is worth a note. A closed loop leaves a few in flight."""

ALL_CORRECT = "every message: delivered, once, in order, none against the rules"


def cpu_micros_per_message(outcome: Outcome) -> float | None:
    """Microseconds of the server's CPU per delivered message; None: not available."""
    if outcome.server_cpu_seconds is None or not outcome.delivered:
        return None
    return outcome.server_cpu_seconds / outcome.delivered * 1e6


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The whole outcome; latencies in milliseconds."""
    plain = {field.name: getattr(outcome, field.name) for field in fields(outcome)}
    del plain["counts"]
    return plain | {
        "plan": asdict(outcome.plan),
        "delivered_per_second": rate(outcome),
        "server_cpu_micros_per_delivered": cpu_micros_per_message(outcome),
        "ack_ms": percentiles(histogram(outcome.counts.acked)),
        "delivered_ms": percentiles(histogram(outcome.counts.delivered)),
        "late_ms": percentiles(histogram(outcome.counts.late)),
        "per_second": per_second(outcome),
        "warnings": warnings(outcome),
    }


def per_second(outcome: Outcome) -> list[int]:
    """Messages delivered in each second of the run, without an incomplete last one: it would look like a drop."""
    # The last send of an open loop is due shortly before the end.
    whole = max(1, int(outcome.seconds + 0.1))
    return [outcome.counts.per_second.get(second, 0) for second in range(whole)]


def rate(outcome: Outcome) -> float:
    """Messages per second delivered during the sending. Later deliveries do not count: an open loop may exceed what
    the server sustains."""
    if outcome.seconds < 1:
        return outcome.delivered / outcome.seconds
    each = per_second(outcome)
    return sum(each) / len(each)


def warnings(outcome: Outcome) -> list[str]:
    """Signs that the harness or a rate limit distorted the result."""
    found: list[str] = []
    if outcome.harness_cpu > BUSY_SHARE:
        found.append("the harness was busy and may itself be the bottleneck; use more --processes, on other cores")
    late = percentiles(histogram(outcome.counts.late)).get("p99", 0.0)
    if late > LATE_MS:
        found.append(f"the harness could not keep the rate: one send in a hundred was more than {late:.0f} ms late")
    if outcome.postponed["rate_limited"]:
        found.append("the server's rate limit was reached; start it with --send-rate 0 to measure its capacity")
    return found


def as_text(outcome: Outcome) -> str:
    """The report as a text table."""
    return "\n".join(
        [
            title(outcome),
            "",
            *(f"  {name:<19}{value:>12}   {note}".rstrip() for name, value, note in rows(outcome)),
            "",
            *latency_lines(outcome),
            *(f"WARNING: {warning}" for warning in warnings(outcome)),
            *verdict(outcome),
        ]
    )


def title(outcome: Outcome) -> str:
    plan = outcome.plan
    loop = f"open loop at {plan.rate:,g}/s" if plan.open_loop else f"closed loop, {plan.outstanding} outstanding"
    return (
        f"{plan.kind}: {outcome.connections:,} connections"
        + ("" if plan.kind == "idle" else f", {loop}, texts of {plan.text}")
        + f", {outcome.seconds:.1f} s"
    )


def rows(outcome: Outcome) -> list[tuple[str, str, str]]:
    """(name, value, note)."""
    opening, connections = outcome.opening_seconds, outcome.connections
    found = [("opened in", f"{opening:.2f} s", f"{connections / opening:,.0f} connects with hello per second")]
    if outcome.plan.kind != "idle":
        found += [
            ("acknowledged", f"{outcome.acknowledged:,}", ""),
            ("delivered", f"{outcome.delivered:,}", f"{rate(outcome):,.0f} per second{_late_note(outcome)}"),
        ]
    if outcome.refused:
        found.append(("refused", f"{outcome.refused:,}", "as the rules require"))
    for code, count in outcome.postponed.items():
        found.append((code, f"{count:,}", "retried later"))
    if outcome.given_up:
        found.append(("given up", f"{outcome.given_up:,}", "not accepted before the end"))
    for code, count in outcome.lost.items():
        found.append(("connections lost", f"{count:,}", f"with {code}; reconnected and resumed"))
    for number, took in enumerate(outcome.comebacks, 1):
        found.append((f"storm {number}: back in", f"{took:.2f} s", f"{connections / took:,.0f} resumes per second"))
    found += _server_rows(outcome)
    each = outcome.harness_cpu_seconds / outcome.delivered * 1e6 if outcome.delivered else None
    note = f"of a core; {each:.0f} µs per message" if each else "of a core"
    found.append(("harness CPU", f"{outcome.harness_cpu:.0%}", note))
    return found


def _late_note(outcome: Outcome) -> str:
    after = outcome.delivered - sum(per_second(outcome))
    return f"; {after:,} after the end" if after > outcome.delivered * LATE_SHARE else ""


def _server_rows(outcome: Outcome) -> list[tuple[str, str, str]]:
    if outcome.server_cpu_seconds is None or not outcome.server_cpu:
        return [("server CPU", "-", "not available from /metrics")]
    mean = sum(outcome.server_cpu) / len(outcome.server_cpu)
    each = cpu_micros_per_message(outcome)
    found = [("server CPU", f"{mean:.1%}", "of a core" + (f"; {each:.0f} µs per message" if each else ""))]
    if outcome.memory_before is not None:
        most = max(outcome.server_memory)
        grown = (most - outcome.memory_before) / outcome.connections / 1024
        # After a restart, or a release of memory, the growth is meaningless.
        note = f"{grown:.1f} KiB more per connection" if grown > 0 else ""
        found.append(("server memory", f"{most / 2**20:.0f} MiB", note))
    return found


def latencies(outcome: Outcome) -> list[tuple[str, dict[str, float]]]:
    """(name, milliseconds by percentile)."""
    counts = outcome.counts
    named = (("send → ack", counts.acked), ("send → delivered", counts.delivered), ("sent late by", counts.late))
    return [(name, percentiles(histogram(of))) for name, of in named if of]


def latency_lines(outcome: Outcome) -> list[str]:
    found = latencies(outcome)
    if not found:
        return []
    head = "  " + "ms".ljust(19) + "".join(f"{key:>10}" for key in found[0][1])
    return [head, *(f"  {name:<19}" + "".join(f"{v:>10.2f}" for v in ms.values()) for name, ms in found), ""]


def verdict(outcome: Outcome) -> list[str]:
    if outcome.wrong:
        return [f"WRONG {outcome.wrong} times:", *(f"  {complaint}" for complaint in outcome.complaints)]
    return ["every connection: open to the end"] if outcome.plan.kind == "idle" else [ALL_CORRECT]
