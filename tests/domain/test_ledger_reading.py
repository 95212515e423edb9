"""Read marks: whose they are, and when the other is told."""

import pytest

from bussa_server.domain.book import Done
from tests.domain.town import Town, code


def read(by: str, peer: str, n: int) -> dict[str, object]:
    return {"type": "read", "peer": peer, "by": by, "n": n}


def test_a_read_is_told_to_both() -> None:
    town = Town("ann", "bob")
    town.send("ann", "bob")
    assert town.read("bob", "ann", 1) == Done(2)
    assert town.told("bob")[1:] == [read("bob", "ann", 1)]
    assert town.told("ann")[1:] == [read("bob", "bob", 1)]
    assert (town.side("bob", "ann").read, town.side("ann", "bob").peer_read) == (1, 1)


def test_a_mark_never_goes_back_and_never_beyond_the_last_message() -> None:
    town = Town("ann", "bob")
    for _ in range(3):
        town.send("ann", "bob")
    assert town.read("bob", "ann", 2) == Done(4)
    assert town.read("bob", "ann", 2) == town.read("bob", "ann", 1) == Done(None)
    assert code(town.read("bob", "ann", 4)) == "not_found"
    assert town.read("bob", "ann", 3) == Done(5)
    assert [event["n"] for event in town.told("ann")[3:]] == [2, 3]


def test_who_waits_hears_of_no_read_and_of_all_of_them_with_the_first_after_the_door_has_opened() -> None:
    town = Town("ann", "bob", policy="nobody", knocks=True)
    town.send("ann", "bob")
    town.read("bob", "ann", 1)
    assert len(town.told("ann")) == 1
    assert town.side("ann", "bob").peer_read == 0
    town.accept("bob", "ann")
    assert len(town.told("ann")) == 1
    assert town.read("bob", "ann", 1) == Done(None)
    assert town.told("ann")[1:] == [read("bob", "bob", 1)]


@pytest.mark.parametrize("shut", ["decline", "report", "block", "blocked", "policy"])
def test_who_is_refused_hears_of_no_read(shut: str) -> None:
    town = Town("ann", "bob")
    town.send("ann", "bob")
    match shut:
        case "decline":
            town.decline("bob", "ann")
        case "report":
            town.report("bob", "ann")
        case "block":
            town.block("bob", "ann")
        case "blocked":
            town.block("ann", "bob")
        case _:
            town.settings("bob", dm_policy="nobody")
    before = town.told("ann")
    assert town.read("bob", "ann", 1) == Done(len(town.log("bob")))
    assert town.told("ann") == before
    assert town.side("ann", "bob").peer_read == 0


def test_what_was_told_stays_when_the_door_shuts() -> None:
    town = Town("ann", "bob")
    town.send("ann", "bob")
    town.read("bob", "ann", 1)
    town.block("bob", "ann")
    assert town.side("ann", "bob").peer_read == 1


def test_without_read_receipts_the_own_devices_are_told_and_nobody_else() -> None:
    town = Town("ann", "bob")
    town.send("ann", "bob")
    town.settings("bob", read_receipts=False)
    town.read("bob", "ann", 1)
    assert town.told("bob")[-1] == read("bob", "ann", 1)
    assert len(town.told("ann")) == 1
    # One's own receipts have nothing to do with those of others.
    town.send("bob", "ann")
    town.read("ann", "bob", 2)
    assert town.told("bob")[-1] == read("ann", "ann", 2)


def test_one_who_waits_may_read_what_he_wrote() -> None:
    town = Town("ann", "bob", policy="nobody", knocks=True)
    town.send("ann", "bob")
    assert town.read("ann", "bob", 1) == Done(2)
    # Bob may answer, so he is told: it is Ann's read.
    assert town.told("bob")[1:] == [read("ann", "ann", 1)]
