"""The store port: a conversation's messages, forwards and backwards."""

from bussa_protocol.frames import parts
from bussa_protocol.limits import PAGE_MAX
from bussa_server.ports.store import MAX_PAGE_CHARS
from tests.contracts.actions import StoreActions


async def page(actions: StoreActions, before: int | None, after: int | None, limit: int) -> tuple[list[int], bool]:
    found = await actions.store.history("bob", "ann", before, after, limit)
    assert found is not None
    return [message.n for message in found.messages], found.more


async def test_history_pages_newest_before_and_after(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", *map(str, range(1, 11)))
    assert await page(actions, None, None, 3) == ([8, 9, 10], True)
    assert await page(actions, 8, None, 3) == ([5, 6, 7], True)
    assert await page(actions, 4, None, 3) == ([1, 2, 3], False)
    assert await page(actions, 3, None, 3) == ([1, 2], False)
    assert await page(actions, 1, None, 3) == ([], False)
    assert await page(actions, 1000, None, 3) == ([8, 9, 10], True)
    assert await page(actions, None, 0, 3) == ([1, 2, 3], True)
    assert await page(actions, None, 7, 3) == ([8, 9, 10], False)
    assert await page(actions, None, 6, 3) == ([7, 8, 9], True)
    assert await page(actions, None, 10, 3) == await page(actions, None, 2**53 - 1, 3) == ([], False)
    assert (
        await page(actions, None, None, 10)
        == await page(actions, 2**53 - 1, None, PAGE_MAX)
        == ([*range(1, 11)], False)
    )


async def test_history_is_the_same_for_both_participants(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.do(actions.message("ann", "bob", "ciao"), actions.message("bob", "ann", "ehi", reply_to=1))
    at = actions.now
    for user, peer in (("ann", "bob"), ("bob", "ann")):
        assert await actions.history(user, peer) == [
            parts.Message(peer=peer, n=1, sender="ann", text="ciao", at=at),
            parts.Message(peer=peer, n=2, sender="bob", text="ehi", at=at, reply_to=1),
        ]


async def test_conversations_do_not_mix(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    await actions.send("ann", "bob", "to bob")
    await actions.send("cy", "ann", "from cy", "again")
    assert [message.text for message in await actions.history("ann", "bob")] == ["to bob"]
    assert [message.text for message in await actions.history("ann", "cy")] == ["from cy", "again"]


async def test_history_without_messages_is_none(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.block("ann", "bob")
    for user, peer in (("ann", "bob"), ("bob", "ann"), ("ann", "ann"), ("ann", "zoe"), ("zoe", "ann")):
        assert await actions.store.history(user, peer, None, None, 50) is None


async def test_history_page_is_bounded_by_characters_but_never_empty(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", *["x" * 10_000] * 20)
    fit = MAX_PAGE_CHARS // 10_000
    assert await page(actions, None, None, 50) == ([*range(21 - fit, 21)], True)
    assert await page(actions, None, 0, 50) == ([*range(1, 1 + fit)], True)
    assert await page(actions, fit + 1, None, 50) == ([*range(1, 1 + fit)], False)
    assert await page(actions, None, None, 2) == ([19, 20], True)


async def test_history_pages_show_each_message_once(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", *("x" * (9_000 if n % 3 else 3) for n in range(40)))
    back: list[int] = []
    more = True
    while more:
        numbers, more = await page(actions, back[0] if back else None, None, 7)
        back = numbers + back
    forth: list[int] = []
    more = True
    while more:
        numbers, more = await page(actions, None, forth[-1] if forth else 0, 7)
        forth += numbers
    assert back == forth == [*range(1, 41)]


async def test_messages_of_blocked_peer_keep_their_place_without_text(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", "before")
    await actions.send("bob", "ann", "mine")
    before = await actions.history("bob", "ann")
    await actions.block("bob", "ann")
    first, second = await actions.history("bob", "ann")
    assert (first.n, first.sender, first.text, first.hidden) == (1, "ann", "", True)
    assert (second.text, second.hidden) == ("mine", False)
    # The blocked user sees no difference.
    assert [message.text for message in await actions.history("ann", "bob")] == ["before", "mine"]
    await actions.block("bob", "ann", False)
    assert await actions.history("bob", "ann") == before
