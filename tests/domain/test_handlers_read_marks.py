"""Read marks: the reader's own, and when the peer is told."""

import pytest

from bussa_server.domain.unit_of_work import Done
from tests.domain.harness import Harness, code


def read(by: str, peer: str, n: int) -> dict[str, object]:
    return {"type": "read", "peer": peer, "by": by, "n": n}


def test_read_is_appended_to_both_logs() -> None:
    harness = Harness("ann", "bob")
    harness.send("ann", "bob")
    assert harness.read("bob", "ann", 1) == Done(2)
    assert harness.events("bob")[1:] == [read("bob", "ann", 1)]
    assert harness.events("ann")[1:] == [read("bob", "bob", 1)]
    assert (harness.participant("bob", "ann").read, harness.participant("ann", "bob").peer_read) == (1, 1)


def test_read_mark_never_goes_back_or_beyond_last_message() -> None:
    harness = Harness("ann", "bob")
    for _ in range(3):
        harness.send("ann", "bob")
    assert harness.read("bob", "ann", 2) == Done(4)
    assert harness.read("bob", "ann", 2) == harness.read("bob", "ann", 1) == Done(None)
    assert code(harness.read("bob", "ann", 4)) == "not_found"
    assert harness.read("bob", "ann", 3) == Done(5)
    assert [event["n"] for event in harness.events("ann")[3:]] == [2, 3]


def test_waiting_sender_sees_no_reads_until_accepted() -> None:
    harness = Harness("ann", "bob", policy="nobody", knocks=True)
    harness.send("ann", "bob")
    harness.read("bob", "ann", 1)
    assert len(harness.events("ann")) == 1
    assert harness.participant("ann", "bob").peer_read == 0
    harness.accept("bob", "ann")
    assert len(harness.events("ann")) == 1
    assert harness.read("bob", "ann", 1) == Done(None)
    assert harness.events("ann")[1:] == [read("bob", "bob", 1)]


@pytest.mark.parametrize("how", ["decline", "report", "block", "blocked", "policy"])
def test_refused_sender_sees_no_reads(how: str) -> None:
    harness = Harness("ann", "bob")
    harness.send("ann", "bob")
    match how:
        case "decline":
            harness.decline("bob", "ann")
        case "report":
            harness.report("bob", "ann")
        case "block":
            harness.block("bob", "ann")
        case "blocked":
            harness.block("ann", "bob")
        case _:
            harness.settings("bob", dm_policy="nobody")
    before = harness.events("ann")
    assert harness.read("bob", "ann", 1) == Done(len(harness.log("bob")))
    assert harness.events("ann") == before
    assert harness.participant("ann", "bob").peer_read == 0


def test_peer_read_stays_after_block() -> None:
    harness = Harness("ann", "bob")
    harness.send("ann", "bob")
    harness.read("bob", "ann", 1)
    harness.block("bob", "ann")
    assert harness.participant("ann", "bob").peer_read == 1


def test_reads_without_receipts_go_to_own_devices_only() -> None:
    harness = Harness("ann", "bob")
    harness.send("ann", "bob")
    harness.settings("bob", read_receipts=False)
    harness.read("bob", "ann", 1)
    assert harness.events("bob")[-1] == read("bob", "ann", 1)
    assert len(harness.events("ann")) == 1
    # The setting does not affect the receipts that Bob gets.
    harness.send("bob", "ann")
    harness.read("ann", "bob", 2)
    assert harness.events("bob")[-1] == read("ann", "ann", 2)


def test_waiting_sender_may_mark_own_message_read() -> None:
    harness = Harness("ann", "bob", policy="nobody", knocks=True)
    harness.send("ann", "bob")
    assert harness.read("ann", "bob", 1) == Done(2)
    # It is Ann's read mark, and Bob may write to her, so he is told.
    assert harness.events("bob")[1:] == [read("ann", "ann", 1)]
