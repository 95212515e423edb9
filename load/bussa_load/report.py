"""What a run has shown: as a table for people, as JSON for machines."""

from dataclasses import asdict, fields
from typing import Any

from bussa_load.meter import histogram, percentiles
from bussa_load.outcome import Outcome

BUSY_SHARE = 0.85
"""Of a core: a harness busier than this may itself be the bottleneck."""
LATE_MS = 10.0
"""Of its open loop's sends one in a hundred may be this late; then it can't keep the rate."""
LATE_SHARE = 0.01
"""Of the messages: what came after the end. A closed loop leaves a few that are under way."""

ALL_CORRECT = "every message: delivered, once, in order, none against the rules"


def cpu_micros_per_message(outcome: Outcome) -> float | None:
    """Microseconds of the server's CPU a delivered message, where it says."""
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
    """Messages delivered in each second of the run. One hardly begun is left out: it would look like a fall."""
    # The last send of an open loop is due a little before its end.
    whole = max(1, int(outcome.seconds + 0.1))
    return [outcome.counts.per_second.get(second, 0) for second in range(whole)]


def rate(outcome: Outcome) -> float:
    """Messages a second, of what was delivered while there was sending. What came afterwards is not the rate that the
    server has kept: an open loop asks for more than it may have."""
    if outcome.seconds < 1:
        return outcome.delivered / outcome.seconds
    each = per_second(outcome)
    return sum(each) / len(each)


def warnings(outcome: Outcome) -> list[str]:
    """Where the harness may have measured itself."""
    found: list[str] = []
    if outcome.harness_cpu > BUSY_SHARE:
        found.append("the harness was busy: it may itself be the bottleneck; use more --processes, on other cores")
    late = percentiles(histogram(outcome.counts.late)).get("p99", 0.0)
    if late > LATE_MS:
        found.append(f"the harness could not keep the rate: one send in a hundred was more than {late:.0f} ms late")
    if outcome.postponed["rate_limited"]:
        found.append("the server's own limit was met; start it with --send-rate 0 to see what it can do")
    return found


def as_text(outcome: Outcome) -> str:
    """A table of one screen."""
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
    """(what, how much, a remark)."""
    opening, connections = outcome.opening_seconds, outcome.connections
    found = [("opened in", f"{opening:.2f} s", f"{connections / opening:,.0f} connects with hello a second")]
    if outcome.plan.kind != "idle":
        found += [
            ("acknowledged", f"{outcome.acknowledged:,}", ""),
            ("delivered", f"{outcome.delivered:,}", f"{rate(outcome):,.0f} a second{_late_note(outcome)}"),
        ]
    if outcome.refused:
        found.append(("refused", f"{outcome.refused:,}", "as the rules have it"))
    for code, count in outcome.postponed.items():
        found.append((code, f"{count:,}", "asked to repeat later"))
    if outcome.given_up:
        found.append(("given up", f"{outcome.given_up:,}", "not taken before the end"))
    for code, count in outcome.lost.items():
        found.append(("connections lost", f"{count:,}", f"with {code}; they came back and resumed"))
    for number, took in enumerate(outcome.comebacks, 1):
        found.append((f"storm {number}: back in", f"{took:.2f} s", f"{connections / took:,.0f} resumes a second"))
    found += _server_rows(outcome)
    each = outcome.harness_cpu_seconds / outcome.delivered * 1e6 if outcome.delivered else None
    remark = f"of a core; {each:.0f} µs a message" if each else "of a core"
    found.append(("the harness itself", f"{outcome.harness_cpu:.0%}", remark))
    return found


def _late_note(outcome: Outcome) -> str:
    after = outcome.delivered - sum(per_second(outcome))
    return f"; {after:,} only after the end" if after > outcome.delivered * LATE_SHARE else ""


def _server_rows(outcome: Outcome) -> list[tuple[str, str, str]]:
    if outcome.server_cpu_seconds is None or not outcome.server_cpu:
        return [("the server", "-", "does not say what it uses")]
    mean = sum(outcome.server_cpu) / len(outcome.server_cpu)
    each = cpu_micros_per_message(outcome)
    found = [("the server", f"{mean:.1%}", "of a core" + (f"; {each:.0f} µs a message" if each else ""))]
    if outcome.memory_before is not None:
        most = max(outcome.server_memory)
        grown = (most - outcome.memory_before) / outcome.connections / 1024
        # Where it was restarted, or has just given back what it had needed, there is nothing to say.
        remark = f"{grown:.1f} KiB more a connection" if grown > 0 else ""
        found.append(("its memory", f"{most / 2**20:.0f} MiB", remark))
    return found


def latencies(outcome: Outcome) -> list[tuple[str, dict[str, float]]]:
    """(what, milliseconds by percentile)."""
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
    return ["every connection: there to the end"] if outcome.plan.kind == "idle" else [ALL_CORRECT]
