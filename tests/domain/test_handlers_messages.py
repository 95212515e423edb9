"""Sending: numbering, both logs, nonces, replies, access."""

import pytest

from bussa_server.domain.handlers import refusals
from bussa_server.domain.unit_of_work import MessageSent, content_digest
from tests import commands
from tests.domain.harness import NOW, Harness, code


def test_a_message_is_numbered_and_stands_in_both_logs() -> None:
    harness = Harness("ann", "bob")
    assert harness.send("ann", "bob", "ciao", reply_to=None) == MessageSent("bob", 1, 1, NOW + 1000, "inbox")
    assert harness.send("bob", "ann", "ehi", reply_to=1) == MessageSent("ann", 2, 2, NOW + 2000, "inbox")
    first = {"type": "message", "n": 1, "from": "ann", "text": "ciao", "at": NOW + 1000, "folder": "inbox"}
    second = {"type": "message", "n": 2, "from": "bob", "text": "ehi", "at": NOW + 2000, "folder": "inbox"}
    second["reply_to"] = 1
    assert harness.events("ann") == [first | {"peer": "bob"}, second | {"peer": "bob"}]
    assert harness.events("bob") == [first | {"peer": "ann"}, second | {"peer": "ann"}]
    assert [event.seq for event in harness.log("ann")] == [event.seq for event in harness.log("bob")] == [1, 2]


def test_send_returns_entries_of_both_logs_sender_first() -> None:
    harness = Harness("ann", "bob")
    outcome = harness.do(commands.Send("bob", "ann", "ciao", "1"))
    assert [entry.user for entry in outcome.entries] == ["bob", "ann"]
    assert [entry.event for entry in outcome.entries] == harness.log("bob") + harness.log("ann")


def test_seq_numbers_the_own_log_and_n_the_conversation() -> None:
    harness = Harness("ann", "bob", "cy")
    harness.send("cy", "ann")
    harness.send("cy", "ann")
    assert harness.send("bob", "ann") == MessageSent("ann", 1, 1, harness.now, "inbox")
    assert harness.send("ann", "bob") == MessageSent("bob", 2, 4, harness.now, "inbox")
    assert [event.seq for event in harness.log("ann")] == [1, 2, 3, 4]


def test_each_row_counts_the_messages_of_its_sender() -> None:
    harness = Harness("ann", "bob")
    for user in ("ann", "ann", "bob", "ann", "bob"):
        harness.send(user, "bob" if user == "ann" else "ann")
    assert [(message.n, message.sender_n) for message in harness.uow.messages] == [
        (1, 1),
        (2, 2),
        (3, 1),
        (4, 3),
        (5, 2),
    ]


def test_send_to_self_or_unknown_user_is_refused() -> None:
    harness = Harness("ann")
    assert code(harness.send("ann", "ann")) == "bad_request"
    assert code(harness.send("ann", "zoe")) == "not_found"
    assert code(harness.send("zoe", "ann")) == "not_found"
    assert harness.uow.entries == []


# Nonces.


def test_nonce_repeated_with_same_content_returns_first_reply() -> None:
    harness = Harness("ann", "bob")
    first = harness.send("ann", "bob", "ciao", nonce="x", reply_to=None)
    again = harness.do(commands.Send("ann", "bob", "ciao", "x"))
    assert (again.result, again.entries) == (first, ())
    assert len(harness.log("bob")) == 1


@pytest.mark.parametrize("how", ["block", "decline", "policy"])
def test_nonce_repeated_after_access_was_revoked_returns_first_reply(how: str) -> None:
    # The message was delivered. A refusal would be wrong, and would reveal that access was revoked.
    harness = Harness("ann", "bob")
    first = harness.send("ann", "bob", nonce="x")
    match how:
        case "block":
            harness.block("bob", "ann")
        case "decline":
            harness.decline("bob", "ann")
        case _:
            harness.settings("bob", dm_policy="nobody")
    assert harness.send("ann", "bob", nonce="x") == first
    assert code(harness.send("ann", "bob", nonce="y")) == "not_allowed"


def test_nonce_reused_with_other_content_is_a_conflict() -> None:
    harness = Harness("ann", "bob", "cy")
    harness.send("ann", "bob", "ciao")
    harness.send("ann", "bob", "ciao", nonce="x", reply_to=1)
    assert code(harness.send("ann", "bob", "ciao!", nonce="x", reply_to=1)) == "conflict"
    assert code(harness.send("ann", "cy", "ciao", nonce="x", reply_to=1)) == "conflict"
    assert code(harness.send("ann", "bob", "ciao", nonce="x")) == "conflict"
    assert code(harness.send("ann", "zoe", "ciao", nonce="x")) == "conflict"
    assert len(harness.log("bob")) == 2


def test_content_digest_tells_recipient_text_and_reply_apart() -> None:
    contents = [
        (to, text, reply_to)
        for to in ("ann", "annb", "a")
        for text in ("bob", "ob", "nnbob", "", "\0", "1", "\ud800", "?")
        for reply_to in (None, 1, 11)
    ]
    digests = {content_digest(*content) for content in contents}
    assert len(digests) == len(contents)
    assert {len(digest) for digest in digests} == {16}


def test_nonces_are_scoped_to_their_sender() -> None:
    harness = Harness("ann", "bob")
    harness.send("ann", "bob", nonce="x")
    assert harness.send("bob", "ann", "ehi", nonce="x") == MessageSent("ann", 2, 2, harness.now, "inbox")


def test_a_refused_message_does_not_use_up_its_nonce() -> None:
    harness = Harness("ann", "bob", policy="followers")
    assert code(harness.send("ann", "bob", nonce="x")) == "not_allowed"
    harness.follow("ann", "bob")
    assert harness.send("ann", "bob", "other", nonce="x") == MessageSent("bob", 1, 1, harness.now, "inbox")


# Replies to one message.


def test_reply_to_must_name_an_existing_message() -> None:
    harness = Harness("ann", "bob")
    assert code(harness.send("ann", "bob", reply_to=1)) == "not_found"
    harness.send("ann", "bob")
    assert isinstance(harness.send("ann", "bob", reply_to=1), MessageSent)
    assert code(harness.send("bob", "ann", reply_to=3)) == "not_found"


def test_policy_is_checked_before_reply_to() -> None:
    # Otherwise a refused sender could probe how many messages there are.
    harness = Harness("ann", "bob", policy="nobody")
    assert code(harness.send("ann", "bob", reply_to=1)) == "not_allowed"


# Access.


def test_second_knock_is_awaiting_acceptance() -> None:
    harness = Harness("ann", "bob", policy="nobody", knocks=True)
    assert harness.send("ann", "bob") == MessageSent("bob", 1, 1, harness.now, "requests")
    assert (harness.folder("ann", "bob"), harness.folder("bob", "ann")) == ("inbox", "requests")
    assert code(harness.send("ann", "bob")) == "awaiting_acceptance"
    assert len(harness.log("ann")) == len(harness.log("bob")) == 1
    # Each recipient is a knock of its own.
    assert isinstance(harness.send("bob", "ann"), MessageSent)


def test_reply_accepts_a_knock() -> None:
    harness = Harness("ann", "bob", policy="nobody", knocks=True)
    harness.send("ann", "bob")
    assert harness.send("bob", "ann") == MessageSent("ann", 2, 2, harness.now, "inbox")
    assert harness.folder("bob", "ann") == "inbox"
    harness.settings("bob", knocks=False)
    assert harness.send("ann", "bob") == MessageSent("bob", 3, 3, harness.now, "inbox")


def test_waiting_sender_reaches_inbox_once_policy_allows() -> None:
    harness = Harness("ann", "bob", policy="followers", knocks=True)
    harness.send("ann", "bob")
    harness.follow("ann", "bob")
    assert harness.send("ann", "bob") == MessageSent("bob", 2, 2, harness.now, "inbox")
    assert harness.folder("bob", "ann") == "inbox"


def test_declined_sender_is_allowed_again_after_a_message_to_them() -> None:
    harness = Harness("ann", "bob")
    harness.send("ann", "bob")
    harness.decline("bob", "ann")
    assert code(harness.send("ann", "bob")) == "not_allowed"
    assert harness.send("bob", "ann") == MessageSent("ann", 2, 3, harness.now, "inbox")
    assert harness.folder("bob", "ann") == "inbox"
    assert isinstance(harness.send("ann", "bob"), MessageSent)


def test_right_to_reply_survives_policy_and_unfollow_but_not_block_or_decline() -> None:
    harness = Harness("ann", "bob", policy="followers")
    harness.follow("ann", "bob")
    harness.follow("bob", "ann")
    harness.send("ann", "bob")
    harness.send("bob", "ann")
    harness.follow("ann", "bob", False)
    harness.settings("bob", dm_policy="nobody")
    assert isinstance(harness.send("ann", "bob"), MessageSent)
    harness.decline("bob", "ann")
    assert code(harness.send("ann", "bob")) == "not_allowed"
    harness.accept("bob", "ann")
    assert isinstance(harness.send("ann", "bob"), MessageSent)
    harness.block("bob", "ann")
    assert code(harness.send("ann", "bob")) == code(harness.send("bob", "ann")) == "not_allowed"


def test_sender_cannot_grant_themselves_the_right_to_reply() -> None:
    harness = Harness("ann", "bob")
    harness.send("ann", "bob")
    harness.accept("ann", "bob")
    harness.settings("bob", dm_policy="nobody")
    assert code(harness.send("ann", "bob")) == "not_allowed"


def test_refusals_of_every_kind_are_one_object() -> None:
    harness = Harness("ann", "policy", "blocked", "blocks", "declined", "reported", "waited")
    for peer in ("declined", "reported", "waited"):
        harness.send("ann", peer)
    harness.settings("policy", dm_policy="nobody")
    harness.block("blocked", "ann")
    harness.block("ann", "blocks")
    harness.decline("declined", "ann")
    harness.report("reported", "ann", block=True)
    for peer in ("policy", "blocked", "blocks", "declined", "reported"):
        assert harness.do(commands.Send("ann", peer, "ciao", f"to {peer}")) is refusals.NOT_ALLOWED
