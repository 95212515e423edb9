"""The store port: a conversation's messages, forwards and backwards."""

from bussa_protocol.frames import parts
from bussa_protocol.limits import PAGE_MAX
from bussa_server.ports.store import PAGE_CHARS
from tests.contracts.deeds import Deeds


async def page(deeds: Deeds, before: int | None, after: int | None, limit: int) -> tuple[list[int], bool]:
    found = await deeds.store.history("bob", "ann", before, after, limit)
    assert found is not None
    return [message.n for message in found.messages], found.more


async def test_the_newest_those_before_and_those_after(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", *map(str, range(1, 11)))
    assert await page(deeds, None, None, 3) == ([8, 9, 10], True)
    assert await page(deeds, 8, None, 3) == ([5, 6, 7], True)
    assert await page(deeds, 4, None, 3) == ([1, 2, 3], False)
    assert await page(deeds, 3, None, 3) == ([1, 2], False)
    assert await page(deeds, 1, None, 3) == ([], False)
    assert await page(deeds, 1000, None, 3) == ([8, 9, 10], True)
    assert await page(deeds, None, 0, 3) == ([1, 2, 3], True)
    assert await page(deeds, None, 7, 3) == ([8, 9, 10], False)
    assert await page(deeds, None, 6, 3) == ([7, 8, 9], True)
    assert await page(deeds, None, 10, 3) == await page(deeds, None, 2**53 - 1, 3) == ([], False)
    assert await page(deeds, None, None, 10) == await page(deeds, 2**53 - 1, None, PAGE_MAX) == ([*range(1, 11)], False)


async def test_each_side_names_the_other_and_both_see_the_same(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.do(deeds.message("ann", "bob", "ciao"), deeds.message("bob", "ann", "ehi", reply_to=1))
    at = deeds.now
    for user, peer in (("ann", "bob"), ("bob", "ann")):
        assert await deeds.history(user, peer) == [
            parts.Message(peer=peer, n=1, sender="ann", text="ciao", at=at),
            parts.Message(peer=peer, n=2, sender="bob", text="ehi", at=at, reply_to=1),
        ]


async def test_conversations_do_not_mix(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    await deeds.send("ann", "bob", "to bob")
    await deeds.send("cy", "ann", "from cy", "again")
    assert [message.text for message in await deeds.history("ann", "bob")] == ["to bob"]
    assert [message.text for message in await deeds.history("ann", "cy")] == ["from cy", "again"]


async def test_where_nothing_was_written_there_is_none(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.block("ann", "bob")
    for user, peer in (("ann", "bob"), ("bob", "ann"), ("ann", "ann"), ("ann", "zoe"), ("zoe", "ann")):
        assert await deeds.store.history(user, peer, None, None, 50) is None


async def test_a_page_ends_where_its_texts_are_long_but_never_before_the_first(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", *["x" * 10_000] * 20)
    fit = PAGE_CHARS // 10_000
    assert await page(deeds, None, None, 50) == ([*range(21 - fit, 21)], True)
    assert await page(deeds, None, 0, 50) == ([*range(1, 1 + fit)], True)
    assert await page(deeds, fit + 1, None, 50) == ([*range(1, 1 + fit)], False)
    assert await page(deeds, None, None, 2) == ([19, 20], True)


async def test_turning_pages_shows_each_message_once(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", *("x" * (9_000 if n % 3 else 3) for n in range(40)))
    back: list[int] = []
    more = True
    while more:
        numbers, more = await page(deeds, back[0] if back else None, None, 7)
        back = numbers + back
    forth: list[int] = []
    more = True
    while more:
        numbers, more = await page(deeds, None, forth[-1] if forth else 0, 7)
        forth += numbers
    assert back == forth == [*range(1, 41)]


async def test_what_a_blocked_peer_wrote_keeps_its_place_and_says_nothing(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", "before")
    await deeds.send("bob", "ann", "mine")
    before = await deeds.history("bob", "ann")
    await deeds.block("bob", "ann")
    first, second = await deeds.history("bob", "ann")
    assert (first.n, first.sender, first.text, first.hidden) == (1, "ann", "", True)
    assert (second.text, second.hidden) == ("mine", False)
    # The one who is blocked sees no difference.
    assert [message.text for message in await deeds.history("ann", "bob")] == ["before", "mine"]
    await deeds.block("bob", "ann", False)
    assert await deeds.history("bob", "ann") == before
