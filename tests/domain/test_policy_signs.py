"""What of a person shows at the door: can_message, and who hears of reads and of typing."""

from itertools import product

import pytest

from bussa_protocol.frames.parts import Settings
from bussa_protocol.ids import CanMessage, Folder
from bussa_server.domain.people import Side
from bussa_server.domain.policy import Outcome, Reason, Verdict, can_message, hears_reads, hears_typing

VERDICTS = [Verdict(outcome, reason) for outcome, reason in product(Outcome, Reason)]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.INBOX, "yes"),
        (Outcome.REQUESTS, "knock"),
        (Outcome.AWAITING, "no"),
        (Outcome.REFUSED, "no"),
    ],
)
def test_a_profile_says_one_word_whatever_the_reason(outcome: Outcome, said: CanMessage) -> None:
    assert {can_message(Verdict(outcome, reason)) for reason in Reason} == {said}


def test_only_who_may_write_to_the_inbox_hears_of_reads_and_only_if_the_reader_wants_it() -> None:
    for verdict in VERDICTS:
        assert hears_reads(verdict, Settings(read_receipts=True)) is (verdict.outcome is Outcome.INBOX)
        assert hears_reads(verdict, Settings(read_receipts=False)) is False


@pytest.mark.parametrize(
    ("folder", "refused", "heard"),
    [
        (None, False, True),
        ("inbox", False, True),
        ("requests", False, False),
        ("declined", True, False),
        ("inbox", True, False),
        (None, True, False),
    ],
)
def test_typing_is_heard_by_who_would_get_the_message_and_does_not_stand_at_the_door(
    folder: Folder | None, refused: bool, heard: bool
) -> None:
    writer = Side("w", "p", folder=folder, refused=refused)
    for verdict in VERDICTS:
        assert hears_typing(verdict, writer) is (heard and verdict.outcome is Outcome.INBOX)
