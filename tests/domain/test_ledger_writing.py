"""Sending: numbers, both logs, nonces, the door."""

import pytest

from bussa_server.domain import commands
from bussa_server.domain.book import Posted
from bussa_server.domain.ledger import refusals
from tests.domain.town import NOW, Town, code


def test_a_message_is_numbered_and_stands_in_both_logs() -> None:
    town = Town("ann", "bob")
    assert town.send("ann", "bob", "ciao", reply_to=None) == Posted("bob", 1, 1, NOW + 1000, "inbox")
    assert town.send("bob", "ann", "ehi", reply_to=1) == Posted("ann", 2, 2, NOW + 2000, "inbox")
    first = {"type": "message", "n": 1, "from": "ann", "text": "ciao", "at": NOW + 1000, "folder": "inbox"}
    second = {"type": "message", "n": 2, "from": "bob", "text": "ehi", "at": NOW + 2000, "folder": "inbox"}
    second["reply_to"] = 1
    assert town.told("ann") == [first | {"peer": "bob"}, second | {"peer": "bob"}]
    assert town.told("bob") == [first | {"peer": "ann"}, second | {"peer": "ann"}]
    assert [event.seq for event in town.log("ann")] == [event.seq for event in town.log("bob")] == [1, 2]


def test_what_was_appended_is_told_to_both_the_sender_first() -> None:
    town = Town("ann", "bob")
    carried = town.do(commands.Send("bob", "ann", "ciao", "1"))
    assert [entry.user for entry in carried.entries] == ["bob", "ann"]
    assert [entry.event for entry in carried.entries] == town.log("bob") + town.log("ann")


def test_the_seq_is_of_the_own_log_and_n_of_the_conversation() -> None:
    town = Town("ann", "bob", "cy")
    town.send("cy", "ann")
    town.send("cy", "ann")
    assert town.send("bob", "ann") == Posted("ann", 1, 1, town.now, "inbox")
    assert town.send("ann", "bob") == Posted("bob", 2, 4, town.now, "inbox")
    assert [event.seq for event in town.log("ann")] == [1, 2, 3, 4]


def test_each_row_counts_the_messages_of_its_sender() -> None:
    town = Town("ann", "bob")
    for user in ("ann", "ann", "bob", "ann", "bob"):
        town.send(user, "bob" if user == "ann" else "ann")
    assert [(message.n, message.k) for message in town.book.messages] == [(1, 1), (2, 2), (3, 1), (4, 3), (5, 2)]


def test_nobody_writes_to_himself_or_to_nobody() -> None:
    town = Town("ann")
    assert code(town.send("ann", "ann")) == "bad_request"
    assert code(town.send("ann", "zoe")) == "not_found"
    assert code(town.send("zoe", "ann")) == "not_found"
    assert town.book.entries == []


# Nonces.


def test_a_nonce_with_the_same_content_gives_the_first_reply_again() -> None:
    town = Town("ann", "bob")
    first = town.send("ann", "bob", "ciao", nonce="x", reply_to=None)
    again = town.do(commands.Send("ann", "bob", "ciao", "x"))
    assert (again.result, again.entries) == (first, ())
    assert len(town.log("bob")) == 1


@pytest.mark.parametrize("shut", ["block", "decline", "nobody"])
def test_a_repeated_nonce_gives_the_first_reply_even_when_the_door_is_shut_since(shut: str) -> None:
    # It was delivered; to say otherwise would be false, and would show that the door has changed.
    town = Town("ann", "bob")
    first = town.send("ann", "bob", nonce="x")
    match shut:
        case "block":
            town.block("bob", "ann")
        case "decline":
            town.decline("bob", "ann")
        case _:
            town.settings("bob", dm_policy="nobody")
    assert town.send("ann", "bob", nonce="x") == first
    assert code(town.send("ann", "bob", nonce="y")) == "not_allowed"


def test_a_nonce_with_other_content_is_a_conflict() -> None:
    town = Town("ann", "bob", "cy")
    town.send("ann", "bob", "ciao")
    town.send("ann", "bob", "ciao", nonce="x", reply_to=1)
    assert code(town.send("ann", "bob", "ciao!", nonce="x", reply_to=1)) == "conflict"
    assert code(town.send("ann", "cy", "ciao", nonce="x", reply_to=1)) == "conflict"
    assert code(town.send("ann", "bob", "ciao", nonce="x")) == "conflict"
    assert code(town.send("ann", "zoe", "ciao", nonce="x")) == "conflict"
    assert len(town.log("bob")) == 2


def test_the_nonces_of_two_people_have_nothing_to_do_with_each_other() -> None:
    town = Town("ann", "bob")
    town.send("ann", "bob", nonce="x")
    assert town.send("bob", "ann", "ehi", nonce="x") == Posted("ann", 2, 2, town.now, "inbox")


def test_a_refused_message_does_not_use_up_its_nonce() -> None:
    town = Town("ann", "bob", policy="followers")
    assert code(town.send("ann", "bob", nonce="x")) == "not_allowed"
    town.follow("ann", "bob")
    assert town.send("ann", "bob", "other", nonce="x") == Posted("bob", 1, 1, town.now, "inbox")


# Answering one message.


def test_a_message_answers_one_that_is_there() -> None:
    town = Town("ann", "bob")
    assert code(town.send("ann", "bob", reply_to=1)) == "not_found"
    town.send("ann", "bob")
    assert isinstance(town.send("ann", "bob", reply_to=1), Posted)
    assert code(town.send("bob", "ann", reply_to=3)) == "not_found"


def test_the_door_is_looked_at_before_the_message_that_is_answered() -> None:
    # Else who is refused could count the messages that are not there.
    town = Town("ann", "bob", policy="nobody")
    assert code(town.send("ann", "bob", reply_to=1)) == "not_allowed"


# The door.


def test_a_knock_waits_and_a_second_one_is_told_so() -> None:
    town = Town("ann", "bob", policy="nobody", knocks=True)
    assert town.send("ann", "bob") == Posted("bob", 1, 1, town.now, "requests")
    assert (town.folder("ann", "bob"), town.folder("bob", "ann")) == ("inbox", "requests")
    assert code(town.send("ann", "bob")) == "awaiting_acceptance"
    assert len(town.log("ann")) == len(town.log("bob")) == 1
    # Knocks at other doors are others.
    assert isinstance(town.send("bob", "ann"), Posted)


def test_writing_back_is_accepting() -> None:
    town = Town("ann", "bob", policy="nobody", knocks=True)
    town.send("ann", "bob")
    assert town.send("bob", "ann") == Posted("ann", 2, 2, town.now, "inbox")
    assert town.folder("bob", "ann") == "inbox"
    town.settings("bob", knocks=False)
    assert town.send("ann", "bob") == Posted("bob", 3, 3, town.now, "inbox")


def test_a_knock_comes_in_when_the_policy_lets_in_whoever_waits() -> None:
    town = Town("ann", "bob", policy="followers", knocks=True)
    town.send("ann", "bob")
    town.follow("ann", "bob")
    assert town.send("ann", "bob") == Posted("bob", 2, 2, town.now, "inbox")
    assert town.folder("bob", "ann") == "inbox"


def test_who_was_declined_is_let_in_again_by_a_message() -> None:
    town = Town("ann", "bob")
    town.send("ann", "bob")
    town.decline("bob", "ann")
    assert code(town.send("ann", "bob")) == "not_allowed"
    assert town.send("bob", "ann") == Posted("ann", 2, 3, town.now, "inbox")
    assert town.folder("bob", "ann") == "inbox"
    assert isinstance(town.send("ann", "bob"), Posted)


def test_the_right_to_answer_outlives_policy_and_unfollow_but_no_block_and_no_decline() -> None:
    town = Town("ann", "bob", policy="followers")
    town.follow("ann", "bob")
    town.follow("bob", "ann")
    town.send("ann", "bob")
    town.send("bob", "ann")
    town.follow("ann", "bob", False)
    town.settings("bob", dm_policy="nobody")
    assert isinstance(town.send("ann", "bob"), Posted)
    town.decline("bob", "ann")
    assert code(town.send("ann", "bob")) == "not_allowed"
    town.accept("bob", "ann")
    assert isinstance(town.send("ann", "bob"), Posted)
    town.block("bob", "ann")
    assert code(town.send("ann", "bob")) == code(town.send("bob", "ann")) == "not_allowed"


def test_a_right_to_answer_is_nothing_that_the_sender_gives_to_himself() -> None:
    town = Town("ann", "bob")
    town.send("ann", "bob")
    town.accept("ann", "bob")
    town.settings("bob", dm_policy="nobody")
    assert code(town.send("ann", "bob")) == "not_allowed"


def test_every_kind_of_refusal_is_one_object() -> None:
    town = Town("ann", "policy", "blocked", "blocks", "declined", "reported", "waited")
    for peer in ("declined", "reported", "waited"):
        town.send("ann", peer)
    town.settings("policy", dm_policy="nobody")
    town.block("blocked", "ann")
    town.block("ann", "blocks")
    town.decline("declined", "ann")
    town.report("reported", "ann", block=True)
    for peer in ("policy", "blocked", "blocks", "declined", "reported"):
        assert town.do(commands.Send("ann", peer, "ciao", f"to {peer}")) is refusals.NOT_ALLOWED
