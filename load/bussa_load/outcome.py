"""The result of a run, and the combined result of several processes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bussa_load.meter import Counts
from bussa_load.plan import Plan


@dataclass
class Outcome:
    """Sizes in bytes, times in seconds."""

    plan: Plan
    connections: int
    seconds: float
    acknowledged: int
    refused: int
    """Sends that the rules had to refuse."""
    delivered: int
    postponed: Counter[str]
    """Sends that the server asked to retry later, by error code."""
    given_up: int
    """Postponed sends that were never accepted before the run was over."""
    opening_seconds: float
    wrong: int
    complaints: list[str]
    counts: Counts
    harness_cpu: float
    """CPU time of this process during the run, as a share of one core; the maximum of several processes."""
    harness_cpu_seconds: float
    server_cpu_seconds: float | None = None
    """CPU time of the server from the first message to the last; None: not available."""
    server_cpu: list[float] = field(default_factory=list[float])
    """Share of one core in each second."""
    server_memory: list[float] = field(default_factory=list[float])
    """Resident bytes in each second."""
    memory_before: float | None = None
    """Resident bytes before the connections were opened."""
    lost: Counter[int] = field(default_factory=Counter[int])
    """Connections that were lost and reconnected, by close code."""
    comebacks: list[float] = field(default_factory=list[float])
    """Seconds until the last device was back, for each storm."""


def combined(outcomes: Sequence[Outcome], plan: Plan) -> Outcome:
    """Combine the outcomes of several processes to that of ``plan``. The first process has monitored the server."""
    first = outcomes[0]
    for other in outcomes[1:]:
        first.counts.add(other.counts)
        first.postponed.update(other.postponed)
        first.lost.update(other.lost)
    first.plan = plan
    first.connections = sum(o.connections for o in outcomes)
    first.seconds = max(o.seconds for o in outcomes)
    first.acknowledged = sum(o.acknowledged for o in outcomes)
    first.refused = sum(o.refused for o in outcomes)
    first.delivered = sum(o.delivered for o in outcomes)
    first.given_up = sum(o.given_up for o in outcomes)
    first.opening_seconds = max(o.opening_seconds for o in outcomes)
    first.wrong = sum(o.wrong for o in outcomes)
    first.complaints = [complaint for o in outcomes for complaint in o.complaints]
    first.harness_cpu = max(o.harness_cpu for o in outcomes)
    first.harness_cpu_seconds = sum(o.harness_cpu_seconds for o in outcomes)
    first.comebacks = [max(times) for times in zip(*(o.comebacks for o in outcomes), strict=True)]
    return first
