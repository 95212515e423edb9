"""Who may write to whom: every case of the contract, from `policy_table.txt`, and properties that follow from it."""

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
from bussa_server.domain.policy import Facts, Placement, Reason, Verdict, decide, policy_allows
from bussa_server.domain.users import Participant

POLICIES: tuple[Policy, ...] = ("anyone", "followers", "following", "mutuals", "nobody")
FOLLOWS = ((False, False), (True, False), (False, True), (True, True))
CELLS = {"i": Placement.INBOX, "k": Placement.REQUESTS, "w": Placement.AWAITING, ".": Placement.REFUSED}
PLACEMENT_ORDER = (Placement.REFUSED, Placement.AWAITING, Placement.REQUESTS, Placement.INBOX)


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
        Participant("s", "r", follows=s_follows, blocked=s_blocks),
        Participant(
            "r",
            "s",
            folder="requests" if waiting else None,
            follows=r_follows,
            blocked=r_blocks,
            sent_count=3 if wrote else 0,
            accepted=accepted,
            refused=refused,
        ),
        Settings(dm_policy=policy, knocks=knocks),
    )


def table() -> Iterator[tuple[Facts, Placement]]:
    """Every cell of the file: its facts, and the expected placement."""
    for line in Path(__file__).with_name("policy_table.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        blocks, stands, cells = (part.split() for part in line.split("|"))
        placements = [CELLS[cell] for cell in "".join(cells)]
        columns = list(product(POLICIES, FOLLOWS, (False, True), (False, True)))
        assert len(placements) == len(columns), line
        for (policy, (s_follows, r_follows), knocks, waiting), placement in zip(columns, placements, strict=True):
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
                placement,
            )


def test_table_holds_every_case_once() -> None:
    cases = [repr(case) for case, _ in table()]
    assert len(cases) == len(set(cases)) == 5 * 4 * 4 * 4 * 8
    assert set(get_args(Policy)) == set(POLICIES)


def test_decide_agrees_with_every_case_of_the_table() -> None:
    wrong = [(case, expected, decide(case)) for case, expected in table() if decide(case).placement is not expected]
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
def test_verdict_carries_its_reason(case: Facts, reason: Reason) -> None:
    assert decide(case).reason is reason


def test_default_settings_allow_followers_and_no_knocks() -> None:
    stranger = Facts(Participant("s", "r"), Participant("r", "s"), Settings())
    follower = Facts(Participant("s", "r", follows=True), Participant("r", "s"), Settings())
    followed = Facts(Participant("s", "r"), Participant("r", "s", follows=True), Settings())
    assert [decide(each).placement for each in (stranger, follower, followed)] == [
        Placement.REFUSED,
        Placement.INBOX,
        Placement.REFUSED,
    ]


# Properties that hold for any facts.

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


def placement_rank(verdict: Verdict) -> int:
    return PLACEMENT_ORDER.index(verdict.placement)


@given(anything, st.booleans())
def test_block_by_either_refuses_and_unblock_restores_verdict(case: Facts, by_sender: bool) -> None:
    participant = case.sender if by_sender else case.recipient
    before = decide(case)
    was, participant.blocked = participant.blocked, True
    assert decide(case).placement is Placement.REFUSED
    participant.blocked = was
    assert decide(case) == before


@given(anything)
def test_block_refuses_both_directions(case: Facts) -> None:
    case.recipient.blocked = True
    back = Facts(case.recipient, case.sender, Settings(dm_policy="anyone", knocks=True))
    assert decide(case).placement is decide(back).placement is Placement.REFUSED


@given(anything, st.sampled_from(["knocks", "anyone", "s_follows", "r_follows", "accepted", "wrote", "forgiven"]))
def test_wider_privacy_settings_never_lower_the_verdict(case: Facts, how: str) -> None:
    sender, recipient, settings = replace(case.sender), replace(case.recipient), case.settings
    match how:
        case "knocks":
            settings = Settings(dm_policy=settings.dm_policy, knocks=True)
        case "anyone":
            settings = Settings(dm_policy="anyone", knocks=settings.knocks)
        case "s_follows":
            sender.follows = True
        case "r_follows":
            recipient.follows = True
        case "accepted":
            recipient.accepted, recipient.refused = True, False
        case "wrote":
            recipient.sent_count, recipient.refused = recipient.sent_count + 1, False
        case _:
            recipient.refused = False
    assert placement_rank(decide(Facts(sender, recipient, settings))) >= placement_rank(decide(case))


@given(anything, st.sampled_from(POLICIES), st.booleans(), st.booleans(), st.booleans())
def test_right_to_reply_survives_policy_and_follows(
    case: Facts, policy: Policy, knocks: bool, s_follows: bool, r_follows: bool
) -> None:
    case.recipient.sent_count, case.recipient.refused = 1, False
    case.recipient.blocked = case.sender.blocked = False
    changed = Facts(
        replace(case.sender, follows=s_follows),
        replace(case.recipient, follows=r_follows),
        Settings(dm_policy=policy, knocks=knocks),
    )
    assert decide(case).placement is decide(changed).placement is Placement.INBOX


@given(anything)
def test_sender_state_other_than_follow_and_block_is_ignored(case: Facts) -> None:
    changed = replace(
        case.sender, folder="inbox", accepted=True, refused=True, muted=True, sent_count=9, read=9, sort_seq=9
    )
    assert decide(Facts(changed, case.recipient, case.settings)) == decide(case)


@given(anything)
def test_mute_and_read_receipts_do_not_affect_verdict(case: Facts) -> None:
    muting = replace(case.recipient, muted=True, read=4)
    settings = Settings(dm_policy=case.settings.dm_policy, knocks=case.settings.knocks, read_receipts=False)
    assert decide(Facts(case.sender, muting, settings)) == decide(case)


@given(anything)
def test_decide_does_not_mutate_facts(case: Facts) -> None:
    before = repr(case)
    decide(case)
    assert repr(case) == before


@given(st.booleans(), st.booleans())
def test_followers_and_following_are_two_directions(s_follows: bool, r_follows: bool) -> None:
    allowed = {policy: policy_allows(facts(policy, s_follows=s_follows, r_follows=r_follows)) for policy in POLICIES}
    assert allowed == {
        "anyone": True,
        "followers": s_follows,
        "following": r_follows,
        "mutuals": s_follows and r_follows,
        "nobody": False,
    }
