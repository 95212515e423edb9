"""The store port: the list of a user's conversations."""

import pytest

from bussa_protocol.frames import parts
from bussa_server.ports.store import MAX_PAGE_CHARS
from tests import commands
from tests.contracts.actions import StoreActions, codes


async def peers(actions: StoreActions, user: str, folder: str = "inbox", limit: int = 50) -> list[str]:
    return [shown.peer for shown in await actions.conversations(user, folder, limit)]


async def test_conversation_is_shown_from_each_participants_view(actions: StoreActions) -> None:
    await actions.create_users("ann", name="Ann Ångström")
    await actions.create_users("bob", name="Bob")
    await actions.send("ann", "bob", "ciao", "come stai?")
    last = {"n": 2, "sender": "ann", "text": "come stai?", "at": actions.now}
    shown = {"peer_read": None, "muted": False, "folder": "inbox", "blocked": False, "read": 0}
    assert await actions.conversations("bob") == [
        parts.Conversation(peer="ann", name="Ann Ångström", unread=2, last=parts.Message(peer="ann", **last), **shown)
    ]
    assert await actions.conversations("ann") == [
        parts.Conversation(peer="bob", name="Bob", unread=0, last=parts.Message(peer="bob", **last), **shown)
    ]
    assert await actions.conversations("zoe") == []


async def test_unread_counts_peers_messages_after_own_read_mark(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    # n:                   1 a   2 a   3 b   4 a   5 b   6 b
    for user in ("ann", "ann", "bob", "ann", "bob", "bob"):
        await actions.send(user, "bob" if user == "ann" else "ann", "ciao")
    expected = {0: (3, 3), 1: (2, 3), 2: (1, 3), 3: (1, 2), 4: (0, 2), 5: (0, 1), 6: (0, 0)}
    for read, (of_bob, of_ann) in expected.items():
        if read:
            await actions.do(commands.MarkRead("bob", "ann", read), commands.MarkRead("ann", "bob", read))
        (bobs,), (anns,) = await actions.conversations("bob"), await actions.conversations("ann")
        assert (bobs.unread, bobs.read, bobs.peer_read) == (of_bob, read, read or None)
        assert (anns.unread, anns.read, anns.peer_read) == (of_ann, read, read or None)


async def test_peer_read_is_shown_only_where_it_was_sent(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", dm_policy="nobody", knocks=True)
    await actions.send("ann", "bob", "knock")
    await actions.do(commands.MarkRead("bob", "ann", 1))
    assert (await actions.conversations("ann"))[0].peer_read is None
    await actions.do(commands.Accept("bob", "ann"), commands.MarkRead("bob", "ann", 1))
    assert (await actions.conversations("ann"))[0].peer_read == 1
    await actions.settings("bob", read_receipts=False)
    await actions.send("ann", "bob", "another")
    await actions.do(commands.MarkRead("bob", "ann", 2))
    assert (await actions.conversations("ann"))[0].peer_read == 1


async def test_conversations_are_sorted_by_newest_message(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy", "dee")
    for one, other in (("bob", "ann"), ("ann", "cy"), ("dee", "ann"), ("dee", "ann")):
        await actions.send(one, other, "ciao")
    assert await peers(actions, "ann") == ["dee", "cy", "bob"]
    await actions.send("ann", "bob", "ehi")
    assert await peers(actions, "ann") == ["bob", "dee", "cy"]
    await actions.do(actions.message("cy", "ann"), actions.message("dee", "ann"), actions.message("cy", "ann"))
    assert await peers(actions, "ann") == ["cy", "dee", "bob"]
    # Only messages move a conversation.
    await actions.do(
        commands.MarkRead("ann", "bob", 1), commands.Mute("ann", "dee", True), commands.Block("ann", "bob", True)
    )
    assert await peers(actions, "ann") == ["cy", "dee", "bob"]


async def test_conversation_pages_have_no_gap_or_duplicate(actions: StoreActions) -> None:
    friends = [f"u{i:02}" for i in range(25)]
    await actions.create_users("ann", *friends)
    for i, friend in enumerate(friends):
        await actions.send(*((friend, "ann") if i % 2 else ("ann", friend)), f"{i}")
    newest_first = friends[::-1]
    for limit in (1, 7, 24, 25, 26):
        assert await peers(actions, "ann", limit=limit) == newest_first
    page = await actions.store.conversations("ann", "inbox", None, 10)
    await actions.send("u20", "ann", "up")
    rest = await actions.store.conversations("ann", "inbox", page.next, 50)
    # A conversation that moved up meanwhile is not listed again further down.
    assert [shown.peer for shown in [*page.conversations, *rest.conversations]] == newest_first


async def test_conversation_page_is_bounded_by_characters(actions: StoreActions) -> None:
    friends = [f"u{i:02}" for i in range(15)]
    await actions.create_users("ann", *friends)
    for friend in friends:
        await actions.send(friend, "ann", "x" * 10_000)
    page = await actions.store.conversations("ann", "inbox", None, 50)
    assert len(page.conversations) == MAX_PAGE_CHARS // 10_000
    assert await peers(actions, "ann") == friends[::-1]


async def test_invalid_cursor_raises_value_error(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", "ciao")
    for cursor in ("", "x", "-1", "1.5", " 7", "1_0", "٣", "-" + "9" * 199, "\0", "1;2"):
        with pytest.raises(ValueError, match=r".*"):
            await actions.store.conversations("ann", "inbox", cursor, 10)
        with pytest.raises(ValueError, match=r".*"):
            await actions.store.search("ann", ["ciao"], None, cursor, 10)
    # A valid cursor out of range gives an ordinary page.
    for cursor in ("0", "9" * 200):
        assert (await actions.store.conversations("ann", "inbox", cursor, 10)).next is None
        assert await actions.store.search("ann", ["ciao"], None, cursor, 10) is not None


async def test_conversation_is_in_exactly_one_folder(actions: StoreActions) -> None:
    await actions.create_users("ann", dm_policy="nobody", knocks=True)
    await actions.create_users("bob", "cy", "dee", "eve")
    for friend in ("bob", "cy", "dee", "eve"):
        await actions.send(friend, "ann", "knock")
    assert await peers(actions, "ann", "requests") == ["eve", "dee", "cy", "bob"]
    assert await peers(actions, "ann") == []
    # For the sender of the knock it is a conversation like any other.
    assert await peers(actions, "bob") == ["ann"]
    await actions.do(commands.Accept("ann", "bob"), commands.Decline("ann", "cy"))
    await actions.send("ann", "dee", "come in")
    assert await peers(actions, "ann", "inbox") == ["dee", "bob"]
    assert await peers(actions, "ann", "requests") == ["eve"]
    assert await peers(actions, "ann", "declined") == ["cy"]
    folders = [shown.folder for shown in await actions.conversations("ann", "declined")]
    assert folders == ["declined"]
    await actions.do(commands.Accept("ann", "cy"))
    assert await peers(actions, "ann", "inbox") == ["dee", "cy", "bob"]


async def test_conversation_with_blocked_peer_is_listed_without_text(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    await actions.send("ann", "bob", "something bad")
    await actions.send("bob", "cy", "mine")
    await actions.do(commands.Block("bob", "ann", True), commands.Block("bob", "cy", True))
    cy, ann = await actions.conversations("bob")
    assert (ann.blocked, ann.last.hidden, ann.last.text, ann.last.n) == (True, True, "", 1)
    assert (cy.blocked, cy.last.hidden, cy.last.text) == (True, False, "mine")
    assert (await actions.conversations("ann"))[0].blocked is False
    await actions.block("bob", "ann", False)
    assert (await actions.conversations("bob"))[1].last.text == "something bad"


async def test_muted_is_shown_only_to_the_user_who_muted(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", "ciao")
    await actions.do(commands.Mute("bob", "ann", True))
    assert [shown.muted for shown in await actions.conversations("bob") + await actions.conversations("ann")] == [
        True,
        False,
    ]


async def test_conversation_without_messages_is_not_listed(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    assert codes(await actions.do(commands.Block("ann", "bob", True), commands.Mute("ann", "bob", True))) == [
        "ok",
        "ok",
    ]
    await actions.do(commands.Follow("bob", "ann", True))
    for user in ("ann", "bob"):
        for folder in ("inbox", "requests", "declined"):
            assert await peers(actions, user, folder) == []
