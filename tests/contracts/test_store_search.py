"""The store port: search finds what the user may see, and nothing else, whatever is asked."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bussa_server.domain.words import matches, query_words
from bussa_server.ports.store import PAGE_CHARS, Store
from tests.contracts.deeds import Deeds
from tests.contracts.stores import House

TEXTS = ["La città è bella", "STRASSE", "Das Café am Markt", "οδός", "한글", "a_b c-d", "naïve 4711", "東京都", "a\0b"]


FOUND = [
    ("citt", ["La città è bella"]),
    ("CITTA bel", ["La città è bella"]),
    ("città brutta", []),
    ("straße", ["STRASSE"]),
    ("ΟΔΟΣ", ["οδός"]),
    ("한", ["한글"]),
    ("東京", ["東京都"]),
    ("a_b", ["a\0b", "a_b c-d"]),
    ("d b", ["a_b c-d"]),
    ("471", ["naïve 4711"]),
    ("11", []),
    ("caf am", ["Das Café am Markt"]),
    ("", []),
    ("…", []),
]


async def test_every_word_begins_a_word(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", *TEXTS)
    for query, found in FOUND:
        assert await deeds.texts("ann", query) == await deeds.texts("bob", query) == found, query


async def test_hits_are_messages_newest_first_over_all_conversations(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    await deeds.send("ann", "bob", "ciao 1")
    await deeds.send("cy", "ann", "ciao 2")
    await deeds.do(deeds.message("bob", "ann", "ciao 3", reply_to=1))
    hits = await deeds.search("ann", "ciao")
    assert [(hit.text, hit.peer, hit.sender, hit.n, hit.reply_to) for hit in hits] == [
        ("ciao 3", "bob", "bob", 2, 1),
        ("ciao 2", "cy", "cy", 1, None),
        ("ciao 1", "bob", "ann", 1, None),
    ]
    assert await deeds.history("ann", "bob") == [hits[2], hits[0]]
    assert await deeds.texts("ann", "ciao", "bob") == ["ciao 3", "ciao 1"]
    assert await deeds.texts("ann", "ciao", "cy") == ["ciao 2"]


async def test_a_conversation_that_is_not_there_is_none(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    await deeds.send("bob", "cy", "ciao")
    await deeds.block("ann", "bob")
    for peer in ("bob", "zoe", "ann"):
        assert await deeds.store.search("ann", ["ciao"], peer, None, 10) is None


async def test_pages_of_hits(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    for i in range(12):
        await deeds.send(*(("ann", "bob") if i % 3 else ("cy", "ann")), f"ciao {i}", f"other {i}")
    expected = [f"ciao {i}" for i in range(11, -1, -1)]
    for limit in (1, 5, 11, 12, 13):
        assert [hit.text for hit in await deeds.search("ann", "ciao", limit=limit)] == expected
    page = await deeds.store.search("ann", ["ciao"], None, None, 4)
    assert page is not None
    await deeds.send("bob", "ann", "ciao new")
    rest = await deeds.store.search("ann", ["ciao"], None, page.next, 50)
    assert rest is not None
    assert [hit.text for hit in [*page.messages, *rest.messages]] == expected


async def test_a_page_ends_where_its_texts_are_long(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    texts = [f"ciao {i} " + "x" * 9_980 for i in range(15)]
    await deeds.send("ann", "bob", *texts)
    page = await deeds.store.search("ann", ["ciao"], None, None, 50)
    assert page is not None
    assert len(page.messages) == PAGE_CHARS // len(texts[0])
    assert page.more
    assert await deeds.texts("ann", "ciao") == texts[::-1]


async def test_nobody_finds_what_others_write_to_each_other(deeds: Deeds) -> None:
    # Ids of which one begins with the other, and words that look like one of them.
    users = ["a", "a:b", "a.b", "1", "11", "12"]
    await deeds.people(*users)
    for one in users:
        for other in users:
            if one < other:
                await deeds.send(one, other, f"secret of {one} and {other}", f"{one} {other}:secret 1:secret ~1")
    for user in users:
        hits = await deeds.search(user, "secret")
        assert len(hits) == 2 * (len(users) - 1)
        for hit in hits:
            assert hit.sender == user or hit.peer == hit.sender
            assert hit in await deeds.history(user, hit.peer)
        for peer in users:
            if peer != user:
                assert {hit.peer for hit in await deeds.search(user, "secret", peer)} == {peer}
    assert await deeds.search("zoe", "secret") == []


async def test_what_blocked_people_wrote_is_not_found_until_they_are_unblocked(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    for i in range(4):
        await deeds.send("ann", "bob", f"ciao {i}")
        await deeds.send("bob", "ann", f"ciao mine {i}")
        await deeds.send("cy", "bob", f"ciao cy {i}")
    everything = await deeds.search("bob", "ciao")
    await deeds.block("bob", "ann")
    left = [hit for hit in everything if hit.sender != "ann"]
    # A page is full where there are enough, so that nothing shows through its gaps.
    page = await deeds.store.search("bob", ["ciao"], None, None, 5)
    assert page is not None
    assert list(page.messages) == left[:5]
    assert await deeds.search("bob", "ciao") == left
    assert await deeds.texts("bob", "ciao", "ann") == [f"ciao mine {i}" for i in (3, 2, 1, 0)]
    assert len(await deeds.search("ann", "ciao")) == 8
    await deeds.block("bob", "ann", False)
    assert await deeds.search("bob", "ciao") == everything


async def test_what_a_query_language_would_act_on_is_punctuation_or_a_word(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    plain = "the near future and not the or"
    await deeds.send("ann", "bob", plain, "something else")
    for query in (
        '"the',
        "fut*",
        "NEAR",
        "near/2 future",
        "the AND future",
        "the OR future",
        "NOT the",
        "tokens:the",
        "-the",
        "^the",
        "(the",
        "the')--",
        "the & future",
        "the | future",
        "!the",
        "the:*",
        "the\0future",
        "the\\",
        "{the}",
        "the + future",
    ):
        expected = [plain] if matches(query_words(query), plain) else []
        assert await deeds.texts("ann", query) == expected, query


async def test_what_was_written_before_it_was_opened_again_is_found(house: House, store: Store) -> None:
    deeds = Deeds(store)
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", *(f"ciao {i}" for i in range(600)))
    await store.close()
    again = Deeds(await house.open())
    assert len(await again.search("bob", "ciao", limit=200)) == 600
    await again.store.close()


async def test_any_query_finds_what_matches_says(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    letters = "aAàbcdßéñ" + "οδςΣ" + "한글가각" + "_-'\"*:~()\0 " + "1२①"
    texts = ["".join(letters[(i * j + i) % len(letters)] for j in range(1 + i % 9)) for i in range(1, 120)]
    await deeds.send("ann", "bob", *texts)
    queries: list[str] = []

    @settings(max_examples=80, database=None)
    @given(st.text(letters, min_size=1, max_size=4))
    def gather(query: str) -> None:
        queries.append(query)

    gather()
    for query in queries:
        expected = [text for text in reversed(texts) if matches(query_words(query), text)]
        assert await deeds.texts("bob", query) == expected, query
