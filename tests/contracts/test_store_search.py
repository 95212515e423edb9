"""The store port: search finds what the user may see and nothing else, for any query."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bussa_server.lib.tokenizer import matches, tokenize_query
from bussa_server.ports.store import MAX_PAGE_CHARS, Store
from tests.contracts.actions import StoreActions
from tests.contracts.store_backends import StoreBackend

TEXTS = ["La città è bella", "STRASSE", "Das Café am Markt", "οδός", "한글", "a_b c-d", "naïve 4711", "東京都", "a\0b"]

# Each query and the texts that it finds, newest first.
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


async def test_search_matches_prefixes_of_every_word(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", *TEXTS)
    for query, found in FOUND:
        assert await actions.texts("ann", query) == await actions.texts("bob", query) == found, query


async def test_hits_are_messages_newest_first_over_all_conversations(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    await actions.send("ann", "bob", "ciao 1")
    await actions.send("cy", "ann", "ciao 2")
    await actions.do(actions.message("bob", "ann", "ciao 3", reply_to=1))
    hits = await actions.search("ann", "ciao")
    assert [(hit.text, hit.peer, hit.sender, hit.n, hit.reply_to) for hit in hits] == [
        ("ciao 3", "bob", "bob", 2, 1),
        ("ciao 2", "cy", "cy", 1, None),
        ("ciao 1", "bob", "ann", 1, None),
    ]
    assert await actions.history("ann", "bob") == [hits[2], hits[0]]
    assert await actions.texts("ann", "ciao", "bob") == ["ciao 3", "ciao 1"]
    assert await actions.texts("ann", "ciao", "cy") == ["ciao 2"]


async def test_search_in_missing_conversation_returns_none(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    await actions.send("bob", "cy", "ciao")
    await actions.block("ann", "bob")
    for peer in ("bob", "zoe", "ann"):
        assert await actions.store.search("ann", ["ciao"], peer, None, 10) is None


async def test_search_pages_follow_each_other(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    for i in range(12):
        await actions.send(*(("ann", "bob") if i % 3 else ("cy", "ann")), f"ciao {i}", f"other {i}")
    expected = [f"ciao {i}" for i in range(11, -1, -1)]
    for limit in (1, 5, 11, 12, 13):
        assert [hit.text for hit in await actions.search("ann", "ciao", limit=limit)] == expected
    page = await actions.store.search("ann", ["ciao"], None, None, 4)
    assert page is not None
    await actions.send("bob", "ann", "ciao new")
    rest = await actions.store.search("ann", ["ciao"], None, page.next, 50)
    assert rest is not None
    assert [hit.text for hit in [*page.messages, *rest.messages]] == expected


async def test_search_page_is_bounded_by_characters(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    texts = [f"ciao {i} " + "x" * 9_980 for i in range(15)]
    await actions.send("ann", "bob", *texts)
    page = await actions.store.search("ann", ["ciao"], None, None, 50)
    assert page is not None
    assert len(page.messages) == MAX_PAGE_CHARS // len(texts[0])
    assert page.more
    assert await actions.texts("ann", "ciao") == texts[::-1]


async def test_search_never_finds_messages_of_others(actions: StoreActions) -> None:
    # Ids that are prefixes of each other, and words that look like index tokens.
    users = ["a", "a:b", "a.b", "1", "11", "12"]
    await actions.create_users(*users)
    for one in users:
        for other in users:
            if one < other:
                await actions.send(one, other, f"secret of {one} and {other}", f"{one} {other}:secret 1:secret ~1")
    for user in users:
        hits = await actions.search(user, "secret")
        assert len(hits) == 2 * (len(users) - 1)
        for hit in hits:
            assert hit.sender == user or hit.peer == hit.sender
            assert hit in await actions.history(user, hit.peer)
        for peer in users:
            if peer != user:
                assert {hit.peer for hit in await actions.search(user, "secret", peer)} == {peer}
    assert await actions.search("zoe", "secret") == []


async def test_messages_of_blocked_users_are_not_found_until_unblocked(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    for i in range(4):
        await actions.send("ann", "bob", f"ciao {i}")
        await actions.send("bob", "ann", f"ciao mine {i}")
        await actions.send("cy", "bob", f"ciao cy {i}")
    everything = await actions.search("bob", "ciao")
    await actions.block("bob", "ann")
    left = [hit for hit in everything if hit.sender != "ann"]
    # Pages are full while there are enough hits: a short page would reveal hidden ones.
    page = await actions.store.search("bob", ["ciao"], None, None, 5)
    assert page is not None
    assert list(page.messages) == left[:5]
    assert await actions.search("bob", "ciao") == left
    assert await actions.texts("bob", "ciao", "ann") == [f"ciao mine {i}" for i in (3, 2, 1, 0)]
    assert len(await actions.search("ann", "ciao")) == 8
    await actions.block("bob", "ann", False)
    assert await actions.search("bob", "ciao") == everything


async def test_query_operators_are_plain_words_or_punctuation(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    plain = "the near future and not the or"
    await actions.send("ann", "bob", plain, "something else")
    for query, is_found in (
        ('"the', True),
        ("fut*", True),
        ("NEAR", True),
        ("near/2 future", False),
        ("the AND future", True),
        ("the OR future", True),
        ("the OR past", False),
        ("NOT the", True),
        ("tokens:the", False),
        ("-the", True),
        ("^the", True),
        ("(the", True),
        ("the')--", True),
        ("the & future", True),
        ("the | future", True),
        ("the | past", False),
        ("!the", True),
        ("the:*", True),
        ("the\0future", True),
        ("the\\", True),
        ("{the}", True),
        ("the + future", True),
    ):
        assert await actions.texts("ann", query) == ([plain] if is_found else []), query


async def test_messages_are_found_after_reopen(store_backend: StoreBackend, store: Store) -> None:
    actions = StoreActions(store)
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", *(f"ciao {i}" for i in range(600)))
    await store.close()
    again = StoreActions(await store_backend.open())
    assert len(await again.search("bob", "ciao", limit=200)) == 600
    await again.store.close()


async def test_search_agrees_with_matches(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    letters = "aAàbcdßéñ" + "οδςΣ" + "한글가각" + "_-'\"*:~()\0 " + "1२①"
    texts = ["".join(letters[(i * j + i) % len(letters)] for j in range(1 + i % 9)) for i in range(1, 120)]
    await actions.send("ann", "bob", *texts)
    queries: list[str] = []

    @settings(max_examples=80, database=None)
    @given(st.text(letters, min_size=1, max_size=4))
    def gather(query: str) -> None:
        queries.append(query)

    gather()
    queries_with_hits = 0
    for query in queries:
        expected = [text for text in reversed(texts) if matches(tokenize_query(query), text)]
        queries_with_hits += bool(expected)
        assert await actions.texts("bob", query) == expected, query
    assert queries_with_hits > len(queries) / 4
