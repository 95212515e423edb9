"""Properties of plans: users, policies, follows and schedules."""

import os
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_load.plan import FOLLOWED_MAX, KINDS, Kind, Plan, Population, population, schedule

plans = st.builds(
    Plan,
    kind=st.sampled_from(KINDS),
    connections=st.integers(2, 80),
    seconds=st.floats(0.5, 20),
    seed=st.integers(0, 1000),
)


def allowed(people: Population, sender: str, recipient: str) -> bool:
    """The protocol's *Who may write to whom*, for a sender whom the recipient has never written to."""
    policy = people.policies[recipient]
    return policy == "anyone" or (policy == "followers" and (sender, recipient) in people.follows)


@given(plans)
def test_plan_agrees_with_the_permission_rules(plan: Plan) -> None:
    people = population(plan, "p-")
    assert len(people.policies) == plan.connections
    writing = {(writer.name, peer) for writer in people.writers for peer in writer.to if peer not in writer.forbidden}
    for writer in people.writers:
        for peer in writer.to:
            assert peer != writer.name
            if peer in writer.forbidden:
                assert not allowed(people, writer.name, peer)
                assert (peer, writer.name) not in writing, "a reply is always allowed"
            else:
                assert allowed(people, writer.name, peer)


PRINT_POPULATION = """
from bussa_load.plan import Plan, population
found = population(Plan("mixed", 60, 1, seed=7), "p-")
print(found.policies, found.follows, found.blocks, [(one.name, one.to, sorted(one.forbidden)) for one in found.writers])
"""


def test_same_seed_gives_same_population_in_every_process() -> None:
    """Processes of the harness hash strings by different seeds: no set may decide the order of anything."""

    def output(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", PRINT_POPULATION]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert output("1") == output("2")


@given(st.integers(40, 80), st.integers(0, 1000))
def test_other_seed_gives_another_population(connections: int, seed: int) -> None:
    plans = [Plan("mixed", connections, 1, seed=number) for number in (seed, seed + 1)]
    assert population(plans[0], "p-") != population(plans[1], "p-")


@given(plans, st.integers(1, 40))
def test_schedule_is_even_and_round_robin(plan: Plan, writers: int) -> None:
    times = list(schedule(Plan(plan.kind, plan.connections, plan.seconds, rate=25.0), writers))
    assert len(times) == int(25 * plan.seconds)
    assert [when for when, _ in times] == [number / 25 for number in range(len(times))]
    turns = Counter(which for _, which in times)
    assert not turns or max(turns.values()) - min(turns.get(which, 0) for which in range(writers)) <= 1


def test_mixed_population_has_heavy_tail_strangers_and_blocks() -> None:
    people = population(Plan("mixed", 400, 10), "p-")
    followers = Counter(followed for _, followed in people.follows)
    assert max(followers.values()) > 10 * sorted(followers.values())[len(followers) // 2]
    assert Counter(people.policies.values())["nobody"] == 40
    assert (
        max(len({peer for peer in writer.to if peer not in writer.forbidden}) for writer in people.writers)
        <= FOLLOWED_MAX
    )
    refused = sum(peer in writer.forbidden for writer in people.writers for peer in writer.to)
    assert 0.05 < refused / sum(len(writer.to) for writer in people.writers) < 0.15
    assert people.blocks
    writers = {writer.name: writer for writer in people.writers}
    assert all(blocker in writers[blocked].to and 0 < when < 1 for blocker, blocked, when in people.blocks)


@pytest.mark.parametrize("kind", KINDS)
def test_populations_of_two_runs_are_disjoint(kind: Kind) -> None:
    plan = Plan(kind, 10, 1)
    assert not set(population(plan, "a-").policies) & set(population(plan, "b-").policies)


@pytest.mark.parametrize(
    "wrong",
    [
        {"connections": 1},
        {"text": 10},
        {"text": 10_001},
        {"seconds": 0},
        {"outstanding": 0},
        {"rate": -1},
    ],
)
def test_impossible_plan_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Plan(**{"kind": "pairs", "connections": 10, "seconds": 1, **wrong})
