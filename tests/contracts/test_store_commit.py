"""The store port: a batch is one transaction, decided inside it, and visible to every later read."""

from bussa_protocol.bodies import UserChange
from bussa_protocol.frames.events import MessageEvent
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import Done, MessageSent, Outcome, UserSaved
from bussa_server.ports.store import MAX_BATCH, Faulted
from tests import commands
from tests.contracts.actions import StoreActions, codes


async def test_outcomes_come_in_the_order_of_the_commands(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    results = await actions.do(
        actions.message("ann", "bob"),
        commands.Follow("cy", "ann", True),
        actions.message("ann", "zoe"),
        actions.message("bob", "ann"),
        commands.MarkRead("ann", "bob", 2),
        actions.message("cy", "cy"),
    )
    at = actions.now
    assert results[0] == MessageSent("bob", 1, 1, at, "inbox")
    assert results[1] == Done()
    assert results[3] == MessageSent("ann", 2, 2, at, "inbox")
    assert results[4] == Done(3)
    assert codes(results) == ["ok", "ok", "not_found", "ok", "ok", "bad_request"]


async def test_empty_batch_returns_nothing(actions: StoreActions) -> None:
    assert list(await actions.commit()) == []


async def test_full_batch_is_committed(actions: StoreActions) -> None:
    users = [f"u{i:03}" for i in range(MAX_BATCH)]
    await actions.create_users(*users)
    results = await actions.do(*(actions.message(user, "u000") for user in users[1:]), actions.message("u000", "u001"))
    assert [found.n for found in results if isinstance(found, MessageSent)] == [1] * (MAX_BATCH - 1) + [2]
    assert [event.seq for event in await actions.log("u000")] == list(range(1, MAX_BATCH + 1))


async def test_returned_entries_equal_the_logs(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    returned: dict[str, list[object]] = {"ann": [], "bob": []}
    for batch in (
        [actions.message("ann", "bob"), actions.message("ann", "bob", reply_to=1), commands.MarkRead("bob", "ann", 2)],
        [commands.Mute("bob", "ann", True), actions.message("bob", "ann", "ehi"), commands.Decline("ann", "bob")],
        [commands.Accept("ann", "bob"), commands.Report("bob", "ann", "spam", 1, False)],
        [commands.PutUser("ann", UserChange(knocks=True)), commands.Revoke("ann")],
    ):
        for outcome in await actions.commit(*batch):
            assert isinstance(outcome, Outcome)
            for entry in outcome.entries:
                returned[entry.user].append(entry.event)
    assert {user: await actions.log(user) for user in returned} == returned
    assert await actions.store.heads(returned) == {"ann": len(returned["ann"]), "bob": len(returned["bob"])}


async def test_read_after_commit_sees_it(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    for n in range(1, 30):
        await actions.send("ann", "bob", f"message {n}")
        assert (await actions.history("bob", "ann"))[-1].n == n
        assert (await actions.store.heads(["bob"]))["bob"] == n
        assert (await actions.conversations("bob"))[0].last.n == n
        assert (await actions.search("bob", f"message {n}"))[0].n == n


async def test_seq_and_n_have_no_holes_whatever_is_refused(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    for turn in range(20):
        await actions.commit(
            actions.message("ann", "bob"),
            actions.message("ann", "zoe"),
            actions.message("cy", "bob", reply_to=900),
            commands.Block("cy", "bob", turn % 2 == 0),
            actions.message("cy", "bob"),
            commands.Accept("ann", "cy"),
            actions.message("bob", "ann"),
        )
    for user in ("ann", "bob", "cy"):
        log = await actions.log(user)
        assert [event.seq for event in log] == list(range(1, len(log) + 1))
    for user, peer in (("ann", "bob"), ("bob", "ann"), ("bob", "cy"), ("cy", "bob")):
        ns = [event.n for event in await actions.log(user) if isinstance(event, MessageEvent) and event.peer == peer]
        assert ns == list(range(1, len(ns) + 1))
        assert [message.n for message in await actions.history(user, peer)] == ns


async def test_both_logs_have_a_conversation_in_one_order(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    for turn in range(10):
        await actions.do(*(actions.message(*pair, f"{turn} {pair}") for pair in [("ann", "bob"), ("bob", "ann")] * 3))
    logged = [
        [(event.n, event.sender, event.text) for event in await actions.log(user) if isinstance(event, MessageEvent)]
        for user in ("ann", "bob")
    ]
    assert logged[0] == logged[1]
    assert len(logged[0]) == 60


async def test_results_do_not_depend_on_batching(actions: StoreActions) -> None:
    # Batching is for speed alone: a batch decides as if its commands came one by one.
    await actions.create_users("ann", "bob", dm_policy="followers", knocks=True)
    await actions.create_users("cy", "dee", dm_policy="followers", knocks=True)

    def story(one: str, other: str) -> list[Command]:
        return [
            commands.Send(one, other, "knock", "1"),
            commands.Send(one, other, "again", "2"),
            commands.Accept(other, one),
            commands.Send(one, other, "again", "2"),
            commands.MarkRead(other, one, 2),
            commands.Block(other, one, True),
            commands.Send(one, other, "blocked", "3"),
            commands.Send(one, other, "knock", "1"),
            commands.Block(other, one, False),
            commands.Decline(other, one),
            commands.Send(one, other, "declined", "4"),
            commands.Send(other, one, "come in", "5"),
            commands.Send(one, other, "thanks", "6", 3),
        ]

    together = codes(await actions.do(*story("ann", "bob")))
    apart = [codes(await actions.do(command))[0] for command in story("cy", "dee")]
    assert together == apart
    assert together.count("not_allowed") == 2
    assert together.count("awaiting_acceptance") == 1
    for one, other in (("ann", "cy"), ("bob", "dee")):
        logs = [[type(event) for event in await actions.log(user)] for user in (one, other)]
        assert logs[0] == logs[1]


async def test_access_revoked_within_batch_refuses_later_sends(actions: StoreActions) -> None:
    # A peer, the command that revokes ann's access, and the one that restores it.
    revocations: list[tuple[str, Command, Command]] = [
        ("bob", commands.Block("bob", "ann", True), commands.Block("bob", "ann", False)),
        ("cy", commands.Follow("ann", "cy", False), commands.Follow("ann", "cy", True)),
        ("dee", commands.PutUser("dee", UserChange(dm_policy="nobody")), commands.Accept("dee", "ann")),
        ("eve", commands.Decline("eve", "ann"), commands.Accept("eve", "ann")),
        ("fay", commands.Report("fay", "ann", "spam"), commands.Accept("fay", "ann")),
        (
            "gus",
            commands.ChangeSettings("gus", commands.SettingsChange(dm_policy="following")),
            commands.Follow("gus", "ann", True),
        ),
    ]
    await actions.create_users("ann", *(peer for peer, *_ in revocations), dm_policy="followers")
    await actions.do(*(commands.Follow("ann", peer, True) for peer, *_ in revocations))
    for peer, revoke, restore in revocations:
        before, after = actions.message("ann", peer, "before"), actions.message("ann", peer, "after")
        assert codes(await actions.do(before, revoke, after)) == ["ok", "ok", "not_allowed"], revoke
        assert [message.text for message in await actions.history("ann", peer)] == ["before"]
        assert codes(await actions.do(after)) == ["not_allowed"]
        assert codes(await actions.do(restore, after)) == ["ok", "ok"], restore
        assert [message.text for message in await actions.history("ann", peer)] == ["before", "after"]


async def test_a_refused_message_is_stored_nowhere(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", dm_policy="nobody")
    assert codes(await actions.do(actions.message("ann", "bob", "a secret"))) == ["not_allowed"]
    assert await actions.store.heads(["ann", "bob"]) == {"ann": 0, "bob": 0}
    for user, peer in (("ann", "bob"), ("bob", "ann")):
        assert await actions.store.history(user, peer, None, None, 50) is None
        assert (
            await actions.log(user) == await actions.conversations(user) == await actions.search(user, "secret") == []
        )


async def test_users_created_in_batch_may_act_in_it(actions: StoreActions) -> None:
    results = await actions.do(
        actions.message("ann", "bob"),
        commands.SignUp("ann", "Ann", "hash"),
        commands.PutUser("bob", UserChange(dm_policy="anyone")),
        actions.message("ann", "bob"),
        commands.Follow("bob", "ann", True),
        commands.SignUp("ann", "Another", "hash"),
        actions.message("bob", "ann"),
    )
    assert codes(results) == ["not_found", "ok", "ok", "ok", "ok", "taken", "ok"]
    assert isinstance(results[1], UserSaved)
    assert await actions.users("bob", followers=False) == ["ann"]
    assert [message.n for message in await actions.history("ann", "bob")] == [1, 2]


TEXTS = [
    "a\0b\0",
    "\0",
    "👩‍👩‍👧‍👦 👋🏽 🏴‍☠️",
    "שלום \u202eעולם\u202c \u200f",
    "\ufeff\ufffe\uffff\U0010ffff",
    "e\u0301\u0302\u0303" * 20,
    "'); DROP TABLE messages; -- \\ \\x00 %s $1 {} \r\n\t",
    "è" * 10_000,
    "😀" * 10_000,
    " ",
]


async def test_text_round_trips(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    for n, text in enumerate(TEXTS, 1):
        await actions.send("ann", "bob", text)
        for user, peer in (("ann", "bob"), ("bob", "ann")):
            assert (await actions.history(user, peer, limit=1))[0].text == text
            (event,) = await actions.log(user, after=n - 1)
            assert isinstance(event, MessageEvent)
            assert event.text == text
            assert (await actions.conversations(user))[0].last.text == text


async def test_lone_surrogate_fails_alone_or_round_trips(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    for place, (one, other) in enumerate([("ann", "bob"), ("bob", "cy"), ("cy", "ann")]):
        await check_lone_surrogate(actions, one, other, place)


async def check_lone_surrogate(actions: StoreActions, one: str, other: str, place: int) -> None:
    texts = ["one", "two"]
    texts.insert(place, "half \ud83d")
    outcomes = await actions.commit(
        *(actions.message(one, other, text) for text in texts), actions.message(other, one, "three")
    )
    failed = [isinstance(outcome, Faulted) for outcome in outcomes]
    assert failed in ([False] * 4, [i == place for i in range(4)])
    stored = [text for text, without in zip([*texts, "three"], failed, strict=True) if not without]
    assert [message.text for message in await actions.history(one, other)] == stored
    numbers = [found.n for outcome in outcomes if isinstance(found := getattr(outcome, "result", None), MessageSent)]
    assert numbers == [*range(1, len(stored) + 1)]
    assert (await actions.send(other, one, "on it goes"))[0].n == len(stored) + 1
