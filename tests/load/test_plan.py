"""Plans by property: who is there, who may write to whom, and when."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_load.plan import FRIENDS, KINDS, Cast, Kind, Plan, cast, due

plans = st.builds(
    Plan,
    kind=st.sampled_from(KINDS),
    connections=st.integers(2, 80),
    seconds=st.floats(0.5, 20),
    seed=st.integers(0, 1000),
)


def allowed(people: Cast, sender: str, recipient: str) -> bool:
    """By the contract's *Who may write to whom*, of somebody who was never written to."""
    door = people.doors[recipient]
    return door == "anyone" or (door == "followers" and (sender, recipient) in people.follows)


@given(plans)
def test_the_rules_let_in_whom_the_plan_expects(plan: Plan) -> None:
    people = cast(plan, "p-")
    assert len(people.doors) == plan.connections
    writing = {(writer.name, peer) for writer in people.writers for peer in writer.to if peer not in writer.forbidden}
    for writer in people.writers:
        for peer in writer.to:
            assert peer != writer.name
            if peer in writer.forbidden:
                assert not allowed(people, writer.name, peer)
                assert (peer, writer.name) not in writing, "whoever is written to may answer"
            else:
                assert allowed(people, writer.name, peer)


@given(plans)
def test_the_same_seed_gives_the_same_people(plan: Plan) -> None:
    assert cast(plan, "p-") == cast(plan, "p-")


@given(plans, st.integers(1, 40))
def test_everybody_writes_in_turn_at_even_times(plan: Plan, writers: int) -> None:
    times = list(due(Plan(plan.kind, plan.connections, plan.seconds, rate=25.0), writers))
    assert len(times) == int(25 * plan.seconds)
    assert [when for when, _ in times] == [number / 25 for number in range(len(times))]
    turns = Counter(which for _, which in times)
    assert not turns or max(turns.values()) - min(turns.get(which, 0) for which in range(writers)) <= 1


def test_a_mixed_crowd_has_a_heavy_tail_strangers_and_blocks() -> None:
    people = cast(Plan("mixed", 400, 10), "p-")
    followers = Counter(followed for _, followed in people.follows)
    assert max(followers.values()) > 10 * sorted(followers.values())[len(followers) // 2]
    assert Counter(people.doors.values())["nobody"] == 40
    assert (
        max(len({peer for peer in writer.to if peer not in writer.forbidden}) for writer in people.writers) <= FRIENDS
    )
    strange = sum(peer in writer.forbidden for writer in people.writers for peer in writer.to)
    assert 0.05 < strange / sum(len(writer.to) for writer in people.writers) < 0.15
    assert people.blocks
    writers = {writer.name: writer for writer in people.writers}
    assert all(who in writers[whom].to and 0 < when < 1 for who, whom, when in people.blocks)


@pytest.mark.parametrize("kind", KINDS)
def test_people_of_two_runs_do_not_meet(kind: Kind) -> None:
    plan = Plan(kind, 10, 1)
    assert not set(cast(plan, "a-").doors) & set(cast(plan, "b-").doors)


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
def test_a_plan_that_can_not_be(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Plan(**{"kind": "pairs", "connections": 10, "seconds": 1, **wrong})
