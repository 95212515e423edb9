"""Who may write to whom: every case of the contract as `policy_table.txt` spells it out, and what follows from it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_protocol.frames.parts import Settings
from bussa_protocol.ids import Policy
from bussa_server.domain.people import Side
from bussa_server.domain.policy import Facts, Outcome, Reason, Verdict, decide, lets_in

POLICIES: tuple[Policy, ...] = ("anyone", "followers", "following", "mutuals", "nobody")
FOLLOWS = ((False, False), (True, False), (False, True), (True, True))
CELLS = {"i": Outcome.INBOX, "k": Outcome.REQUESTS, "w": Outcome.AWAITING, ".": Outcome.REFUSED}
RANK = (Outcome.REFUSED, Outcome.AWAITING, Outcome.REQUESTS, Outcome.INBOX)


def facts(
    policy: Policy = "followers",
    *,
    knocks: bool = False,
    waiting: bool = False,
    s_follows: bool = False,
    r_follows: bool = False,
    s_blocks: bool = False,
    r_blocks: bool = False,
    wrote: bool = False,
    accepted: bool = False,
    refused: bool = False,
) -> Facts:
    return Facts(
        Side("s", "r", follows=s_follows, blocked=s_blocks),
        Side(
            "r",
            "s",
            folder="requests" if waiting else None,
            follows=r_follows,
            blocked=r_blocks,
            wrote=3 if wrote else 0,
            accepted=accepted,
            refused=refused,
        ),
        Settings(dm_policy=policy, knocks=knocks),
    )


def table() -> Iterator[tuple[Facts, Outcome]]:
    """Every cell of the file: the facts it stands for, and the outcome it says."""
    for line in Path(__file__).with_name("policy_table.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        blocks, stands, cells = (part.split() for part in line.split("|"))
        outcomes = [CELLS[cell] for cell in "".join(cells)]
        doors = list(product(POLICIES, FOLLOWS, (False, True), (False, True)))
        assert len(outcomes) == len(doors), line
        for (policy, (s_follows, r_follows), knocks, waiting), outcome in zip(doors, outcomes, strict=True):
            yield (
                facts(
                    policy,
                    knocks=knocks,
                    waiting=waiting,
                    s_follows=s_follows,
                    r_follows=r_follows,
                    s_blocks="S" in blocks,
                    r_blocks="R" in blocks,
                    wrote="wrote" in stands,
                    accepted="accepted" in stands,
                    refused="refused" in stands,
                ),
                outcome,
            )


def test_the_table_holds_every_case_once() -> None:
    cases = [repr(case) for case, _ in table()]
    assert len(cases) == len(set(cases)) == 5 * 4 * 4 * 4 * 8
    assert set(get_args(Policy)) == set(POLICIES)


def test_every_case_of_the_table() -> None:
    wrong = [(case, outcome, decide(case)) for case, outcome in table() if decide(case).outcome is not outcome]
    assert wrong == []


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (facts("anyone", s_blocks=True, wrote=True), Reason.BLOCKED),
        (facts("anyone", r_blocks=True, refused=True), Reason.BLOCKED),
        (facts("anyone", refused=True), Reason.REFUSED),
        (facts("nobody", wrote=True, accepted=True), Reason.ANSWER),
        (facts("nobody", accepted=True), Reason.ACCEPTED),
        (facts("followers", s_follows=True), Reason.POLICY),
        (facts("followers", knocks=True, r_follows=True), Reason.KNOCK),
        (facts("following", knocks=True, s_follows=True, waiting=True), Reason.WAITING),
        (facts("mutuals", s_follows=True), Reason.CLOSED),
    ],
)
def test_a_verdict_says_why(case: Facts, reason: Reason) -> None:
    assert decide(case).reason is reason


def test_a_door_nobody_touched_lets_in_those_who_follow_and_hears_no_knocks() -> None:
    stranger = Facts(Side("s", "r"), Side("r", "s"), Settings())
    follower = Facts(Side("s", "r", follows=True), Side("r", "s"), Settings())
    followed = Facts(Side("s", "r"), Side("r", "s", follows=True), Settings())
    assert [decide(each).outcome for each in (stranger, follower, followed)] == [
        Outcome.REFUSED,
        Outcome.INBOX,
        Outcome.REFUSED,
    ]


# What follows from it, for any facts.

anything = st.builds(
    facts,
    st.sampled_from(POLICIES),
    **{
        name: st.booleans()
        for name in (
            "knocks",
            "waiting",
            "s_follows",
            "r_follows",
            "s_blocks",
            "r_blocks",
            "wrote",
            "accepted",
            "refused",
        )
    },
)


def rank(verdict: Verdict) -> int:
    return RANK.index(verdict.outcome)


@given(anything, st.booleans())
def test_a_block_by_either_always_refuses_and_lifting_it_brings_back_what_was(case: Facts, by_sender: bool) -> None:
    side = case.sender if by_sender else case.recipient
    before = decide(case)
    was, side.blocked = side.blocked, True
    assert decide(case).outcome is Outcome.REFUSED
    side.blocked = was
    assert decide(case) == before


@given(anything)
def test_two_people_who_block_hear_nothing_of_each_other(case: Facts) -> None:
    case.recipient.blocked = True
    back = Facts(case.recipient, case.sender, Settings(dm_policy="anyone", knocks=True))
    assert decide(case).outcome is decide(back).outcome is Outcome.REFUSED


@given(anything, st.sampled_from(["knocks", "anyone", "s_follows", "r_follows", "accepted", "wrote", "forgiven"]))
def test_opening_a_door_never_makes_it_narrower(case: Facts, how: str) -> None:
    sender, recipient, door = replace(case.sender), replace(case.recipient), case.door
    match how:
        case "knocks":
            door = Settings(dm_policy=door.dm_policy, knocks=True)
        case "anyone":
            door = Settings(dm_policy="anyone", knocks=door.knocks)
        case "s_follows":
            sender.follows = True
        case "r_follows":
            recipient.follows = True
        case "accepted":
            recipient.accepted, recipient.refused = True, False
        case "wrote":
            recipient.wrote, recipient.refused = recipient.wrote + 1, False
        case _:
            recipient.refused = False
    assert rank(decide(Facts(sender, recipient, door))) >= rank(decide(case))


@given(anything, st.sampled_from(POLICIES), st.booleans(), st.booleans(), st.booleans())
def test_the_right_to_answer_outlives_policy_and_follows(
    case: Facts, policy: Policy, knocks: bool, s_follows: bool, r_follows: bool
) -> None:
    case.recipient.wrote, case.recipient.refused = 1, False
    case.recipient.blocked = case.sender.blocked = False
    changed = Facts(
        replace(case.sender, follows=s_follows),
        replace(case.recipient, follows=r_follows),
        Settings(dm_policy=policy, knocks=knocks),
    )
    assert decide(case).outcome is decide(changed).outcome is Outcome.INBOX


@given(anything)
def test_what_the_sender_has_done_counts_for_nothing_but_follow_and_block(case: Facts) -> None:
    pushy = replace(case.sender, folder="inbox", accepted=True, refused=True, muted=True, wrote=9, read=9, rank=9)
    assert decide(Facts(pushy, case.recipient, case.door)) == decide(case)


@given(anything)
def test_muting_and_read_receipts_are_no_door(case: Facts) -> None:
    deaf = replace(case.recipient, muted=True, read=4)
    door = Settings(dm_policy=case.door.dm_policy, knocks=case.door.knocks, read_receipts=False)
    assert decide(Facts(case.sender, deaf, door)) == decide(case)


@given(anything)
def test_deciding_changes_nothing(case: Facts) -> None:
    before = repr(case)
    decide(case)
    assert repr(case) == before


@given(st.booleans(), st.booleans())
def test_followers_and_following_are_two_directions(s_follows: bool, r_follows: bool) -> None:
    allowed = {policy: lets_in(facts(policy, s_follows=s_follows, r_follows=r_follows)) for policy in POLICIES}
    assert allowed == {
        "anyone": True,
        "followers": s_follows,
        "following": r_follows,
        "mutuals": s_follows and r_follows,
        "nobody": False,
    }
