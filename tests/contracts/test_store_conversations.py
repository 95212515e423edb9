"""The store port: the list of a user's conversations."""

import pytest

from bussa_protocol.frames import parts
from bussa_server.domain import commands
from bussa_server.ports.store import PAGE_CHARS
from tests.contracts.deeds import Deeds, codes


async def peers(deeds: Deeds, user: str, folder: str = "inbox", limit: int = 50) -> list[str]:
    return [shown.peer for shown in await deeds.conversations(user, folder, limit)]


async def test_a_conversation_as_each_side_sees_it(deeds: Deeds) -> None:
    await deeds.people("ann", name="Ann Ångström")
    await deeds.people("bob", name="Bob")
    await deeds.send("ann", "bob", "ciao", "come stai?")
    last = {"n": 2, "sender": "ann", "text": "come stai?", "at": deeds.now}
    shown = {"peer_read": None, "muted": False, "folder": "inbox", "blocked": False, "read": 0}
    assert await deeds.conversations("bob") == [
        parts.Conversation(peer="ann", name="Ann Ångström", unread=2, last=parts.Message(peer="ann", **last), **shown)
    ]
    assert await deeds.conversations("ann") == [
        parts.Conversation(peer="bob", name="Bob", unread=0, last=parts.Message(peer="bob", **last), **shown)
    ]
    assert await deeds.conversations("zoe") == []


async def test_unread_counts_what_the_peer_wrote_after_the_own_mark(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    # n:                   1 a   2 a   3 b   4 a   5 b   6 b
    for user in ("ann", "ann", "bob", "ann", "bob", "bob"):
        await deeds.send(user, "bob" if user == "ann" else "ann", "ciao")
    expected = {0: (3, 3), 1: (2, 3), 2: (1, 3), 3: (1, 2), 4: (0, 2), 5: (0, 1), 6: (0, 0)}
    for read, (of_bob, of_ann) in expected.items():
        if read:
            await deeds.do(commands.MarkRead("bob", "ann", read), commands.MarkRead("ann", "bob", read))
        (bobs,), (anns,) = await deeds.conversations("bob"), await deeds.conversations("ann")
        assert (bobs.unread, bobs.read, bobs.peer_read) == (of_bob, read, read or None)
        assert (anns.unread, anns.read, anns.peer_read) == (of_ann, read, read or None)


async def test_the_read_of_a_peer_is_shown_to_whom_it_was_told(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", dm_policy="nobody", knocks=True)
    await deeds.send("ann", "bob", "knock")
    await deeds.do(commands.MarkRead("bob", "ann", 1))
    assert (await deeds.conversations("ann"))[0].peer_read is None
    await deeds.do(commands.Accept("bob", "ann"), commands.MarkRead("bob", "ann", 1))
    assert (await deeds.conversations("ann"))[0].peer_read == 1
    await deeds.settings("bob", read_receipts=False)
    await deeds.send("ann", "bob", "another")
    await deeds.do(commands.MarkRead("bob", "ann", 2))
    assert (await deeds.conversations("ann"))[0].peer_read == 1


async def test_the_newest_stands_first_whoever_wrote_it(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy", "dee")
    for one, other in (("bob", "ann"), ("ann", "cy"), ("dee", "ann"), ("dee", "ann")):
        await deeds.send(one, other, "ciao")
    assert await peers(deeds, "ann") == ["dee", "cy", "bob"]
    await deeds.send("ann", "bob", "ehi")
    assert await peers(deeds, "ann") == ["bob", "dee", "cy"]
    await deeds.do(deeds.message("cy", "ann"), deeds.message("dee", "ann"), deeds.message("cy", "ann"))
    assert await peers(deeds, "ann") == ["cy", "dee", "bob"]
    # What is no message moves nothing.
    await deeds.do(
        commands.MarkRead("ann", "bob", 1), commands.Mute("ann", "dee", True), commands.Block("ann", "bob", True)
    )
    assert await peers(deeds, "ann") == ["cy", "dee", "bob"]


async def test_pages_follow_each_other_without_gap_or_double(deeds: Deeds) -> None:
    friends = [f"u{i:02}" for i in range(25)]
    await deeds.people("ann", *friends)
    for i, friend in enumerate(friends):
        await deeds.send(*((friend, "ann") if i % 2 else ("ann", friend)), f"{i}")
    newest_first = friends[::-1]
    for limit in (1, 7, 24, 25, 26):
        assert await peers(deeds, "ann", limit=limit) == newest_first
    page = await deeds.store.conversations("ann", "inbox", None, 10)
    await deeds.send("u20", "ann", "up")
    rest = await deeds.store.conversations("ann", "inbox", page.next, 50)
    # Somebody who moved up meanwhile is not shown again further down.
    assert [shown.peer for shown in [*page.conversations, *rest.conversations]] == newest_first


async def test_a_page_ends_where_its_texts_are_long(deeds: Deeds) -> None:
    friends = [f"u{i:02}" for i in range(15)]
    await deeds.people("ann", *friends)
    for friend in friends:
        await deeds.send(friend, "ann", "x" * 10_000)
    page = await deeds.store.conversations("ann", "inbox", None, 50)
    assert len(page.conversations) == PAGE_CHARS // 10_000
    assert await peers(deeds, "ann") == friends[::-1]


async def test_a_cursor_that_it_did_not_give_is_an_error(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", "ciao")
    for cursor in ("", "x", "-1", "1.5", " 7", "1_0", "٣", "-" + "9" * 199, "\0", "1;2"):
        with pytest.raises(ValueError, match=r".*"):
            await deeds.store.conversations("ann", "inbox", cursor, 10)
        with pytest.raises(ValueError, match=r".*"):
            await deeds.store.search("ann", ["ciao"], None, cursor, 10)
    # One that it might have given leads to the end at the worst.
    for cursor in ("0", "9" * 200):
        assert (await deeds.store.conversations("ann", "inbox", cursor, 10)).next is None
        assert await deeds.store.search("ann", ["ciao"], None, cursor, 10) is not None


async def test_each_conversation_stands_in_one_folder(deeds: Deeds) -> None:
    await deeds.people("ann", dm_policy="nobody", knocks=True)
    await deeds.people("bob", "cy", "dee", "eve")
    for friend in ("bob", "cy", "dee", "eve"):
        await deeds.send(friend, "ann", "knock")
    assert await peers(deeds, "ann", "requests") == ["eve", "dee", "cy", "bob"]
    assert await peers(deeds, "ann") == []
    # At the one who knocked it is a conversation like any other.
    assert await peers(deeds, "bob") == ["ann"]
    await deeds.do(commands.Accept("ann", "bob"), commands.Decline("ann", "cy"))
    await deeds.send("ann", "dee", "come in")
    assert await peers(deeds, "ann", "inbox") == ["dee", "bob"]
    assert await peers(deeds, "ann", "requests") == ["eve"]
    assert await peers(deeds, "ann", "declined") == ["cy"]
    folders = [shown.folder for shown in await deeds.conversations("ann", "declined")]
    assert folders == ["declined"]
    await deeds.do(commands.Accept("ann", "cy"))
    assert await peers(deeds, "ann", "inbox") == ["dee", "cy", "bob"]


async def test_a_blocked_peer_stays_in_the_list_with_nothing_to_read(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    await deeds.send("ann", "bob", "something bad")
    await deeds.send("bob", "cy", "mine")
    await deeds.do(commands.Block("bob", "ann", True), commands.Block("bob", "cy", True))
    cy, ann = await deeds.conversations("bob")
    assert (ann.blocked, ann.last.hidden, ann.last.text, ann.last.n) == (True, True, "", 1)
    assert (cy.blocked, cy.last.hidden, cy.last.text) == (True, False, "mine")
    assert (await deeds.conversations("ann"))[0].blocked is False
    await deeds.block("bob", "ann", False)
    assert (await deeds.conversations("bob"))[1].last.text == "something bad"


async def test_muted_is_shown_to_who_muted(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", "ciao")
    await deeds.do(commands.Mute("bob", "ann", True))
    assert [shown.muted for shown in await deeds.conversations("bob") + await deeds.conversations("ann")] == [
        True,
        False,
    ]


async def test_whom_nobody_has_written_to_is_in_no_list(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    assert codes(await deeds.do(commands.Block("ann", "bob", True), commands.Mute("ann", "bob", True))) == ["ok", "ok"]
    await deeds.do(commands.Follow("bob", "ann", True))
    for user in ("ann", "bob"):
        for folder in ("inbox", "requests", "declined"):
            assert await peers(deeds, user, folder) == []
