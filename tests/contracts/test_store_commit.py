"""The store port: a batch is one transaction, decided in it, and there for whoever reads after it."""

from bussa_protocol.bodies import PersonChange
from bussa_protocol.frames.events import Message
from bussa_server.domain import commands
from bussa_server.domain.book import Carried, Done, PersonDone, Posted
from bussa_server.ports.store import BATCH, Failed
from tests.contracts.deeds import Deeds, codes


async def test_outcomes_come_in_the_order_of_the_commands(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    results = await deeds.do(
        deeds.message("ann", "bob"),
        commands.Follow("cy", "ann", True),
        deeds.message("ann", "zoe"),
        deeds.message("bob", "ann"),
        commands.MarkRead("ann", "bob", 2),
        deeds.message("cy", "cy"),
    )
    at = deeds.now
    assert results[0] == Posted("bob", 1, 1, at, "inbox")
    assert results[1] == Done()
    assert results[3] == Posted("ann", 2, 2, at, "inbox")
    assert results[4] == Done(3)
    assert codes(results) == ["ok", "ok", "not_found", "ok", "ok", "bad_request"]


async def test_an_empty_batch_is_no_batch(deeds: Deeds) -> None:
    assert list(await deeds.commit()) == []


async def test_a_full_batch(deeds: Deeds) -> None:
    users = [f"u{i:03}" for i in range(BATCH)]
    await deeds.people(*users)
    results = await deeds.do(*(deeds.message(user, "u000") for user in users[1:]), deeds.message("u000", "u001"))
    assert [found.n for found in results if isinstance(found, Posted)] == [1] * (BATCH - 1) + [2]
    assert [event.seq for event in await deeds.log("u000")] == list(range(1, BATCH + 1))


async def test_what_was_told_is_what_the_logs_say(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    told: dict[str, list[object]] = {"ann": [], "bob": []}
    for batch in (
        [deeds.message("ann", "bob"), deeds.message("ann", "bob", reply_to=1), commands.MarkRead("bob", "ann", 2)],
        [commands.Mute("bob", "ann", True), deeds.message("bob", "ann", "ehi"), commands.Decline("ann", "bob")],
        [commands.Accept("ann", "bob"), commands.Report("bob", "ann", "spam", 1, False)],
        [commands.PutPerson("ann", PersonChange(knocks=True)), commands.Revoke("ann")],
    ):
        for outcome in await deeds.commit(*batch):
            assert isinstance(outcome, Carried)
            for entry in outcome.entries:
                told[entry.user].append(entry.event)
    assert {user: await deeds.log(user) for user in told} == told
    assert await deeds.store.heads(told) == {"ann": len(told["ann"]), "bob": len(told["bob"])}


async def test_who_reads_after_a_commit_sees_it(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    for n in range(1, 30):
        await deeds.send("ann", "bob", f"message {n}")
        assert (await deeds.history("bob", "ann"))[-1].n == n
        assert (await deeds.store.heads(["bob"]))["bob"] == n
        assert (await deeds.conversations("bob"))[0].last.n == n
        assert (await deeds.search("bob", f"message {n}"))[0].n == n


async def test_seq_and_n_have_no_holes_whatever_is_refused(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    for turn in range(20):
        await deeds.commit(
            deeds.message("ann", "bob"),
            deeds.message("ann", "zoe"),
            deeds.message("cy", "bob", reply_to=900),
            commands.Block("cy", "bob", turn % 2 == 0),
            deeds.message("cy", "bob"),
            commands.Accept("ann", "cy"),
            deeds.message("bob", "ann"),
        )
    for user in ("ann", "bob", "cy"):
        log = await deeds.log(user)
        assert [event.seq for event in log] == list(range(1, len(log) + 1))
    for user, peer in (("ann", "bob"), ("bob", "ann"), ("bob", "cy"), ("cy", "bob")):
        told = [event.n for event in await deeds.log(user) if isinstance(event, Message) and event.peer == peer]
        assert told == list(range(1, len(told) + 1))
        assert [message.n for message in await deeds.history(user, peer)] == told


async def test_both_logs_tell_a_conversation_in_one_order(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    for turn in range(10):
        await deeds.do(*(deeds.message(*pair, f"{turn} {pair}") for pair in [("ann", "bob"), ("bob", "ann")] * 3))
    told = [
        [(event.n, event.sender, event.text) for event in await deeds.log(user) if isinstance(event, Message)]
        for user in ("ann", "bob")
    ]
    assert told[0] == told[1]
    assert len(told[0]) == 60


async def test_the_same_whether_in_one_batch_or_in_many(deeds: Deeds) -> None:
    # A batch is for speed alone: it decides as if its commands came one by one.
    await deeds.people("ann", "bob", dm_policy="followers", knocks=True)
    await deeds.people("cy", "dee", dm_policy="followers", knocks=True)

    def story(one: str, other: str) -> list[commands.Command]:
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

    together = codes(await deeds.do(*story("ann", "bob")))
    apart = [codes(await deeds.do(command))[0] for command in story("cy", "dee")]
    assert together == apart
    assert together.count("not_allowed") == 2
    assert together.count("awaiting_acceptance") == 1
    for one, other in (("ann", "cy"), ("bob", "dee")):
        logs = [[type(event) for event in await deeds.log(user)] for user in (one, other)]
        assert logs[0] == logs[1]


async def test_a_door_that_shuts_within_the_batch_refuses_what_comes_after_it(deeds: Deeds) -> None:
    doors: list[tuple[str, commands.Command, commands.Command]] = [
        ("bob", commands.Block("bob", "ann", True), commands.Block("bob", "ann", False)),
        ("cy", commands.Follow("ann", "cy", False), commands.Follow("ann", "cy", True)),
        ("dee", commands.PutPerson("dee", PersonChange(dm_policy="nobody")), commands.Accept("dee", "ann")),
        ("eve", commands.Decline("eve", "ann"), commands.Accept("eve", "ann")),
        ("fay", commands.Report("fay", "ann", "spam"), commands.Accept("fay", "ann")),
        (
            "gus",
            commands.ChangeSettings("gus", commands.SettingsChange(dm_policy="following")),
            commands.Follow("gus", "ann", True),
        ),
    ]
    await deeds.people("ann", *(peer for peer, *_ in doors), dm_policy="followers")
    await deeds.do(*(commands.Follow("ann", peer, True) for peer, *_ in doors))
    for peer, shut, opened in doors:
        before, after = deeds.message("ann", peer, "before"), deeds.message("ann", peer, "after")
        assert codes(await deeds.do(before, shut, after)) == ["ok", "ok", "not_allowed"], shut
        assert [message.text for message in await deeds.history("ann", peer)] == ["before"]
        assert codes(await deeds.do(after)) == ["not_allowed"]
        assert codes(await deeds.do(opened, after)) == ["ok", "ok"], opened
        assert [message.text for message in await deeds.history("ann", peer)] == ["before", "after"]


async def test_a_refused_message_is_stored_nowhere(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", dm_policy="nobody")
    assert codes(await deeds.do(deeds.message("ann", "bob", "a secret"))) == ["not_allowed"]
    assert await deeds.store.heads(["ann", "bob"]) == {"ann": 0, "bob": 0}
    for user, peer in (("ann", "bob"), ("bob", "ann")):
        assert await deeds.store.history(user, peer, None, None, 50) is None
        assert await deeds.log(user) == await deeds.conversations(user) == await deeds.search(user, "secret") == []


async def test_people_who_are_created_in_the_batch_may_act_in_it(deeds: Deeds) -> None:
    results = await deeds.do(
        deeds.message("ann", "bob"),
        commands.SignUp("ann", "Ann", "hash"),
        commands.PutPerson("bob", PersonChange(dm_policy="anyone")),
        deeds.message("ann", "bob"),
        commands.Follow("bob", "ann", True),
        commands.SignUp("ann", "Another", "hash"),
        deeds.message("bob", "ann"),
    )
    assert codes(results) == ["not_found", "ok", "ok", "ok", "ok", "taken", "ok"]
    assert isinstance(results[1], PersonDone)
    assert await deeds.users("bob", followers=False) == ["ann"]
    assert [message.n for message in await deeds.history("ann", "bob")] == [1, 2]


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


async def test_a_text_comes_back_as_it_was(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    for n, text in enumerate(TEXTS, 1):
        await deeds.send("ann", "bob", text)
        for user, peer in (("ann", "bob"), ("bob", "ann")):
            assert (await deeds.history(user, peer, limit=1))[0].text == text
            (event,) = await deeds.log(user, after=n - 1)
            assert isinstance(event, Message)
            assert event.text == text
            assert (await deeds.conversations(user))[0].last.text == text


async def test_what_is_no_text_fails_alone_or_comes_back_as_it_was(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    for place, (one, other) in enumerate([("ann", "bob"), ("bob", "cy"), ("cy", "ann")]):
        await half_a_character(deeds, one, other, place)


async def half_a_character(deeds: Deeds, one: str, other: str, place: int) -> None:
    texts = ["one", "two"]
    texts.insert(place, "half \ud83d")
    outcomes = await deeds.commit(
        *(deeds.message(one, other, text) for text in texts), deeds.message(other, one, "three")
    )
    failed = [isinstance(outcome, Failed) for outcome in outcomes]
    assert failed in ([False] * 4, [i == place for i in range(4)])
    stored = [text for text, without in zip([*texts, "three"], failed, strict=True) if not without]
    assert [message.text for message in await deeds.history(one, other)] == stored
    numbers = [found.n for outcome in outcomes if isinstance(found := getattr(outcome, "result", None), Posted)]
    assert numbers == [*range(1, len(stored) + 1)]
    assert (await deeds.send(other, one, "on it goes"))[0].n == len(stored) + 1
