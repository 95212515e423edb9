"""The store port: a user's log, its pages, trimming, hidden events."""

from bussa_protocol.frames import events, parts
from bussa_protocol.limits import LOG_RETENTION_EVENTS, LOG_RETENTION_MILLIS
from bussa_server.ports.store import MAX_BATCH, MAX_LOG_PAGE, MAX_PAGE_CHARS, LogPage, ResumeState, Store
from tests import commands
from tests.contracts.actions import NOW, StoreActions
from tests.contracts.store_backends import StoreBackend


async def test_log_pages_follow_each_other(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", *map(str, range(1, 1 + MAX_LOG_PAGE + 20)))
    head = MAX_LOG_PAGE + 20
    page = await actions.store.log("bob", 0, MAX_LOG_PAGE)
    assert [event.seq for event in page.events] == [*range(1, MAX_LOG_PAGE + 1)]
    assert (page.head, page.tail) == (head, 1)
    assert [event.seq for event in (await actions.store.log("bob", 100, 3)).events] == [101, 102, 103]
    assert [event.seq for event in (await actions.store.log("bob", head - 1, 3)).events] == [head]
    for beyond in (head, head + 1, 2**53 - 1):
        assert await actions.store.log("bob", beyond, 3) == LogPage([], head, 1)
    for limit in (1, 7, 100, MAX_LOG_PAGE):
        assert [event.seq for event in await actions.log("bob", limit=limit)] == [*range(1, head + 1)]


async def test_empty_log_has_head_zero(actions: StoreActions) -> None:
    await actions.create_users("ann")
    for user in ("ann", "zoe"):
        assert await actions.store.log(user, 0, 10) == LogPage([], 0, 1)
        assert await actions.store.log(user, 5, 10) == LogPage([], 0, 1)


async def test_resume_state_is_log_page_and_revocation_time(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", "one", "two", "three")
    assert await actions.store.resume_state("zoe", 0, 10) is None
    for after, limit in ((0, 10), (1, 1), (3, 10), (2**53 - 1, 10)):
        page = await actions.store.log("bob", after, limit)
        assert await actions.store.resume_state("bob", after, limit) == ResumeState(0, page)
    await actions.do(commands.Revoke("bob"))
    resume_state = await actions.store.resume_state("bob", 3, 10)
    assert resume_state == ResumeState(actions.now, LogPage([], 3, 1))


async def test_events_of_every_kind_round_trip(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", dm_policy="nobody", knocks=True)
    await actions.send("ann", "bob", "knock")
    at = actions.now
    await actions.do(
        commands.Accept("bob", "ann"),
        commands.MarkRead("bob", "ann", 1),
        commands.Mute("bob", "ann", True),
        commands.ChangeSettings("bob", commands.SettingsChange(read_receipts=False)),
    )
    shown = {"peer": "ann", "folder": "inbox", "blocked": False}
    settings = parts.Settings(dm_policy="nobody", knocks=True, read_receipts=False)
    assert await actions.log("bob") == [
        events.MessageEvent(seq=1, peer="ann", n=1, sender="ann", text="knock", at=at, folder="requests"),
        events.ConversationEvent(seq=2, muted=False, **shown),
        events.ReadEvent(seq=3, peer="ann", by="bob", n=1),
        events.ConversationEvent(seq=4, muted=True, **shown),
        events.SettingsEvent(seq=5, settings=settings),
    ]
    assert await actions.log("ann") == [
        events.MessageEvent(seq=1, peer="bob", n=1, sender="ann", text="knock", at=at, folder="requests"),
        events.ReadEvent(seq=2, peer="bob", by="bob", n=1),
    ]


async def test_log_page_is_bounded_by_characters_but_never_empty(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", *["x" * 10_000] * 15)
    page = await actions.store.log("bob", 0, MAX_LOG_PAGE)
    assert len(page.events) == MAX_PAGE_CHARS // 10_000
    assert (page.head, page.tail) == (15, 1)
    assert len(await actions.log("bob")) == 15


async def test_events_of_blocked_peer_are_hidden_until_unblocked(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    await actions.send("ann", "bob", "from ann")
    await actions.send("bob", "ann", "from bob")
    await actions.send("cy", "bob", "from cy")
    await actions.do(commands.MarkRead("ann", "bob", 2), commands.MarkRead("bob", "ann", 1))
    before = await actions.log("bob")
    assert [type(event).__name__ for event in before] == [
        "MessageEvent",
        "MessageEvent",
        "MessageEvent",
        "ReadEvent",
        "ReadEvent",
    ]
    await actions.block("bob", "ann")
    after = await actions.log("bob")
    assert [isinstance(event, events.HiddenEvent) for event in after] == [True, False, False, True, False, False]
    assert [event.seq for event in after] == [1, 2, 3, 4, 5, 6]
    # The blocked user sees no sign of it.
    assert not any(isinstance(event, events.HiddenEvent) for event in await actions.log("ann"))
    await actions.block("bob", "ann", False)
    assert (await actions.log("bob"))[:5] == before


async def fill(actions: StoreActions, user: str, count: int) -> None:
    """Append ``count`` events to a user's log, as fast as the store can."""
    toggles = [commands.ChangeSettings(user, commands.SettingsChange(knocks=i % 2 == 0)) for i in range(count)]
    for start in range(0, count, MAX_BATCH):
        await actions.commit(*toggles[start : start + MAX_BATCH])


async def test_trimming_keeps_seven_days_and_ten_thousand_events(store_backend: StoreBackend, store: Store) -> None:
    actions = StoreActions(store)
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", "an old ciao")
    await fill(actions, "bob", LOG_RETENTION_EVENTS + 120)
    head = LOG_RETENTION_EVENTS + 121
    filled = actions.now
    # Too many, but none of them old; then old, but only the surplus is trimmed.
    assert await store.trim(NOW + LOG_RETENTION_MILLIS) == 0
    assert await store.trim(filled + LOG_RETENTION_MILLIS + 1) == 121
    assert await store.trim(filled + LOG_RETENTION_MILLIS + 1) == 0

    assert await store.log("bob", 0, 10) == LogPage((), head, 122)
    assert await store.log("bob", 120, 10) == LogPage((), head, 122)
    assert [event.seq for event in (await store.log("bob", 121, 3)).events] == [122, 123, 124]
    assert await store.heads(["ann", "bob"]) == {"ann": 1, "bob": head}
    # The other logs stay, and so do the messages.
    assert len(await actions.log("ann")) == 1
    assert [message.text for message in await actions.history("bob", "ann")] == ["an old ciao"]
    assert [shown.unread for shown in await actions.conversations("bob")] == [1]
    assert await actions.texts("bob", "ciao") == ["an old ciao"]

    await store.close()
    again = StoreActions(await store_backend.open())
    assert (await again.send("ann", "bob", "a new ciao"))[0].n == 2
    assert [event.seq for event in (await again.store.log("bob", head, 3)).events] == [head + 1]
    await again.store.close()


async def test_events_younger_than_seven_days_are_never_trimmed(actions: StoreActions) -> None:
    await actions.create_users("ann")
    await fill(actions, "ann", 60)
    actions.now += LOG_RETENTION_MILLIS
    await fill(actions, "ann", LOG_RETENTION_EVENTS)
    assert await actions.store.trim(actions.now) == 60
    assert (await actions.store.log("ann", 0, 1)).tail == 61


async def test_trimming_leaves_no_hole_when_the_clock_was_set_back(actions: StoreActions) -> None:
    # By their times, events 1 to 30 are newer than the 60 after them.
    await actions.create_users("ann")
    actions.now += LOG_RETENTION_MILLIS
    await fill(actions, "ann", 30)
    actions.now = NOW
    await fill(actions, "ann", 60)
    await fill(actions, "ann", LOG_RETENTION_EVENTS)
    await actions.store.trim(NOW + LOG_RETENTION_MILLIS + 900_000)
    log = await actions.store.log("ann", 0, 200)
    assert [event.seq for event in log.events] == [*range(1, 201)]
