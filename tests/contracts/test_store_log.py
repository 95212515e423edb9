"""The store port: a user's log, its pages, what it forgets and what it hides."""

from bussa_protocol.frames import events
from bussa_protocol.limits import LOG_EVENTS, LOG_MILLIS
from bussa_server.domain import commands
from bussa_server.ports.store import BATCH, LOG_PAGE, PAGE_CHARS, Arrival, LogPage, Store
from tests.contracts.deeds import NOW, Deeds
from tests.contracts.stores import House


async def test_pages(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", *map(str, range(1, 1 + LOG_PAGE + 20)))
    head = LOG_PAGE + 20
    page = await deeds.store.log("bob", 0, LOG_PAGE)
    assert [event.seq for event in page.events] == [*range(1, LOG_PAGE + 1)]
    assert (page.head, page.tail) == (head, 1)
    assert [event.seq for event in (await deeds.store.log("bob", 100, 3)).events] == [101, 102, 103]
    assert [event.seq for event in (await deeds.store.log("bob", head - 1, 3)).events] == [head]
    for beyond in (head, head + 1, 2**53 - 1):
        assert await deeds.store.log("bob", beyond, 3) == LogPage([], head, 1)
    for limit in (1, 7, 100, LOG_PAGE):
        assert [event.seq for event in await deeds.log("bob", limit=limit)] == [*range(1, head + 1)]


async def test_a_log_in_which_nothing_happened(deeds: Deeds) -> None:
    await deeds.people("ann")
    for user in ("ann", "zoe"):
        assert await deeds.store.log(user, 0, 10) == LogPage([], 0, 1)
        assert await deeds.store.log(user, 5, 10) == LogPage([], 0, 1)


async def test_an_arrival_is_the_log_and_since_when_tokens_count(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", "one", "two", "three")
    assert await deeds.store.arrival("zoe", 0, 10) is None
    for after, limit in ((0, 10), (1, 1), (3, 10), (2**53 - 1, 10)):
        page = await deeds.store.log("bob", after, limit)
        assert await deeds.store.arrival("bob", after, limit) == Arrival(0, page)
    await deeds.do(commands.Revoke("bob"))
    arrival = await deeds.store.arrival("bob", 3, 10)
    assert arrival == Arrival(deeds.now, LogPage([], 3, 1))


async def test_every_kind_of_event_comes_back_as_it_was_told(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", dm_policy="nobody", knocks=True)
    await deeds.send("ann", "bob", "knock")
    at = deeds.now
    await deeds.do(
        commands.Accept("bob", "ann"),
        commands.MarkRead("bob", "ann", 1),
        commands.Mute("bob", "ann", True),
        commands.ChangeSettings("bob", commands.SettingsChange(read_receipts=False)),
    )
    shown = {"peer": "ann", "folder": "inbox", "blocked": False}
    settings = events.SettingsPart(dm_policy="nobody", knocks=True, read_receipts=False)
    assert await deeds.log("bob") == [
        events.Message(seq=1, peer="ann", n=1, sender="ann", text="knock", at=at, folder="requests"),
        events.Conversation(seq=2, muted=False, **shown),
        events.Read(seq=3, peer="ann", by="bob", n=1),
        events.Conversation(seq=4, muted=True, **shown),
        events.Settings(seq=5, settings=settings),
    ]
    assert await deeds.log("ann") == [
        events.Message(seq=1, peer="bob", n=1, sender="ann", text="knock", at=at, folder="requests"),
        events.Read(seq=2, peer="bob", by="bob", n=1),
    ]


async def test_a_page_ends_where_its_texts_are_long_but_never_before_the_first(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", *["x" * 10_000] * 15)
    page = await deeds.store.log("bob", 0, LOG_PAGE)
    assert len(page.events) == PAGE_CHARS // 10_000
    assert (page.head, page.tail) == (15, 1)
    assert len(await deeds.log("bob")) == 15


async def test_what_a_blocked_peer_did_is_hidden_and_shown_again_after_unblocking(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    await deeds.send("ann", "bob", "from ann")
    await deeds.send("bob", "ann", "from bob")
    await deeds.send("cy", "bob", "from cy")
    await deeds.do(commands.MarkRead("ann", "bob", 2), commands.MarkRead("bob", "ann", 1))
    before = await deeds.log("bob")
    assert [type(event).__name__ for event in before] == ["Message", "Message", "Message", "Read", "Read"]
    await deeds.block("bob", "ann")
    after = await deeds.log("bob")
    assert [isinstance(event, events.Hidden) for event in after] == [True, False, False, True, False, False]
    assert [event.seq for event in after] == [1, 2, 3, 4, 5, 6]
    # The one who is blocked is shown no sign of it.
    assert not any(isinstance(event, events.Hidden) for event in await deeds.log("ann"))
    await deeds.block("bob", "ann", False)
    assert (await deeds.log("bob"))[:5] == before


async def fill(deeds: Deeds, user: str, count: int) -> None:
    """So many events of a user, as quick as a store can take them."""
    toggles = [commands.ChangeSettings(user, commands.SettingsChange(knocks=i % 2 == 0)) for i in range(count)]
    for start in range(0, count, BATCH):
        await deeds.commit(*toggles[start : start + BATCH])


async def test_trimming_keeps_seven_days_and_ten_thousand_events(house: House, store: Store) -> None:
    deeds = Deeds(store)
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", "an old ciao")
    await fill(deeds, "bob", LOG_EVENTS + 120)
    head = LOG_EVENTS + 121
    filled = deeds.now
    # Many, but none of them old; then old, and as many as must stay.
    assert await store.trim(NOW + LOG_MILLIS) == 0
    assert await store.trim(filled + LOG_MILLIS + 1) == 121
    assert await store.trim(filled + LOG_MILLIS + 1) == 0

    assert await store.log("bob", 0, 10) == LogPage((), head, 122)
    assert await store.log("bob", 120, 10) == LogPage((), head, 122)
    assert [event.seq for event in (await store.log("bob", 121, 3)).events] == [122, 123, 124]
    assert await store.heads(["ann", "bob"]) == {"ann": 1, "bob": head}
    # The few events of others stay, and so does what was written.
    assert len(await deeds.log("ann")) == 1
    assert [message.text for message in await deeds.history("bob", "ann")] == ["an old ciao"]
    assert [shown.unread for shown in await deeds.conversations("bob")] == [1]
    assert await deeds.texts("bob", "ciao") == ["an old ciao"]

    await store.close()
    again = Deeds(await house.open())
    assert (await again.send("ann", "bob", "a new ciao"))[0].n == 2
    assert [event.seq for event in (await again.store.log("bob", head, 3)).events] == [head + 1]
    await again.store.close()


async def test_what_is_younger_than_seven_days_stays_however_much_it_is(deeds: Deeds) -> None:
    await deeds.people("ann")
    await fill(deeds, "ann", 60)
    deeds.now += LOG_MILLIS
    await fill(deeds, "ann", LOG_EVENTS)
    assert await deeds.store.trim(deeds.now) == 60
    assert (await deeds.store.log("ann", 0, 1)).tail == 61


async def test_trimming_leaves_no_hole_when_the_clock_was_set_back(deeds: Deeds) -> None:
    # Events 1 to 30 are younger than the 60 after them, by the clock of their time.
    await deeds.people("ann")
    deeds.now += LOG_MILLIS
    await fill(deeds, "ann", 30)
    deeds.now = NOW
    await fill(deeds, "ann", 60)
    await fill(deeds, "ann", LOG_EVENTS)
    await deeds.store.trim(NOW + LOG_MILLIS + 900_000)
    log = await deeds.store.log("ann", 0, 200)
    assert [event.seq for event in log.events] == [*range(1, 201)]
