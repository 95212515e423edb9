"""What a run has shown; and what several processes' runs have shown together."""

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
    """By the rules, as they should be."""
    delivered: int
    postponed: Counter[str]
    """Sends that the server asked to repeat later, by code."""
    given_up: int
    """Of those: never taken, because the run was over."""
    opening_seconds: float
    wrong: int
    complaints: list[str]
    counts: Counts
    harness_cpu: float
    """CPU time of this process during the run, as a share of one core; of several the busiest one's."""
    harness_cpu_seconds: float
    server_cpu_seconds: float | None = None
    """CPU time of the server from the first message to the last; None where it does not say."""
    server_cpu: list[float] = field(default_factory=list[float])
    """As a share of one core, second by second."""
    server_memory: list[float] = field(default_factory=list[float])
    memory_before: float | None = None
    """Of the server, before the connections were opened."""
    lost: Counter[int] = field(default_factory=Counter[int])
    """Connections that were lost and came back, by close code."""
    comebacks: list[float] = field(default_factory=list[float])
    """How long each storm took until everybody was back."""


def combined(outcomes: Sequence[Outcome], plan: Plan) -> Outcome:
    """The outcomes of several processes, the first of which has watched the server, as the one of ``plan``."""
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
