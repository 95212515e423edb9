"""What a sender learns of the recipient: can_message, read receipts, typing."""

from itertools import product

import pytest

from bussa_protocol.frames.parts import Settings
from bussa_protocol.ids import CanMessage, Folder
from bussa_server.domain.policy import Placement, Reason, Verdict, can_message, may_see_read_receipt, may_see_typing
from bussa_server.domain.users import Participant

VERDICTS = [Verdict(placement, reason) for placement, reason in product(Placement, Reason)]


@pytest.mark.parametrize(
    ("placement", "shown"),
    [
        (Placement.INBOX, "yes"),
        (Placement.REQUESTS, "knock"),
        (Placement.AWAITING, "no"),
        (Placement.REFUSED, "no"),
    ],
)
def test_can_message_does_not_reveal_the_reason(placement: Placement, shown: CanMessage) -> None:
    assert {can_message(Verdict(placement, reason)) for reason in Reason} == {shown}


def test_read_receipt_needs_inbox_verdict_and_readers_setting() -> None:
    for verdict in VERDICTS:
        assert may_see_read_receipt(verdict, Settings(read_receipts=True)) is (verdict.placement is Placement.INBOX)
        assert may_see_read_receipt(verdict, Settings(read_receipts=False)) is False


@pytest.mark.parametrize(
    ("folder", "refused", "visible"),
    [
        (None, False, True),
        ("inbox", False, True),
        ("requests", False, False),
        ("declined", True, False),
        ("inbox", True, False),
        (None, True, False),
    ],
)
def test_typing_is_visible_to_allowed_recipient_who_is_not_waiting(
    folder: Folder | None, refused: bool, visible: bool
) -> None:
    writer = Participant("w", "p", folder=folder, refused=refused)
    for verdict in VERDICTS:
        assert may_see_typing(verdict, writer) is (visible and verdict.placement is Placement.INBOX)
