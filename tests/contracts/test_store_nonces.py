"""The store port: one nonce of a sender is one message, however often and however late it is repeated."""

from bussa_protocol.limits import LOG_RETENTION_MILLIS
from bussa_server.domain.unit_of_work import MessageSent, Outcome
from bussa_server.ports.store import Store
from tests import commands
from tests.contracts.actions import StoreActions, codes
from tests.contracts.store_backends import StoreBackend

DAY = 24 * 3600 * 1000


async def test_repeated_nonce_returns_first_answer_and_delivers_nothing(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    ciao = commands.Send("ann", "bob", "ciao", "x")
    (first,) = await actions.do(ciao)
    await actions.send("bob", "ann", "ehi")
    (again,) = await actions.commit(ciao)
    assert again == Outcome(first)
    assert [message.text for message in await actions.history("bob", "ann")] == ["ciao", "ehi"]
    assert await actions.store.heads(["ann", "bob"]) == {"ann": 2, "bob": 2}


async def test_nonce_repeated_within_one_batch_is_one_message(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    first, again, other, another_to = await actions.do(
        commands.Send("ann", "bob", "ciao", "x"),
        commands.Send("ann", "bob", "ciao", "x"),
        commands.Send("ann", "bob", "ciao!", "x"),
        commands.Send("ann", "cy", "ciao", "x"),
    )
    assert isinstance(first, MessageSent)
    assert again == first
    assert codes([other, another_to]) == ["conflict", "conflict"]
    assert len(await actions.history("bob", "ann")) == 1


async def test_nonce_with_other_content_is_a_conflict_and_changes_nothing(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    await actions.send("ann", "bob", "first")
    await actions.do(commands.Send("ann", "bob", "ciao", "x", 1))
    results = await actions.do(
        commands.Send("ann", "bob", "Ciao", "x", 1),
        commands.Send("ann", "bob", "ciao", "x"),
        commands.Send("ann", "bob", "ciao", "x", 2),
        commands.Send("ann", "cy", "ciao", "x", 1),
        commands.Send("ann", "bob", "ciao\0", "x", 1),
    )
    assert codes(results) == ["conflict"] * 5
    assert len(await actions.history("bob", "ann")) == 2
    assert await actions.store.history("ann", "cy", None, None, 50) is None


async def test_nonces_are_scoped_to_sender_and_may_hold_any_characters(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    nonces = ["x", "X", "x\0", "x\0y", "", " x", "é", "e\u0301", "😀" * 64, "'", '"', "%", "\\"]
    batch = [commands.Send(user, "bob", nonce, nonce) for user in ("ann", "cy") for nonce in nonces]
    first = await actions.do(*batch)
    assert [found.n for found in first if isinstance(found, MessageSent)] == [*range(1, len(nonces) + 1)] * 2
    assert await actions.do(*batch) == first


async def test_nonce_survives_reopen(store_backend: StoreBackend, store: Store) -> None:
    actions = StoreActions(store)
    await actions.create_users("ann", "bob")
    ciao = commands.Send("ann", "bob", "ciao", "x")
    (first,) = await actions.do(ciao)
    await actions.do(commands.Block("bob", "ann", True))
    await store.close()
    again = StoreActions(await store_backend.open())
    assert await again.do(ciao) == [first]
    assert codes(await again.do(commands.Send("ann", "bob", "ehi", "x"))) == ["conflict"]
    assert codes(await again.do(commands.Send("ann", "bob", "ehi", "y"))) == ["not_allowed"]
    await again.store.close()


async def test_nonce_survives_trimming_for_a_day(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    ciao = commands.Send("ann", "bob", "ciao", "x")
    (first,) = await actions.do(ciao)
    actions.now += DAY
    await actions.store.trim(actions.now)
    assert await actions.do(ciao) == [first]
    # A nonce lives as long as its log row: for a user with few events, longer than the retention time.
    actions.now += 2 * LOG_RETENTION_MILLIS
    await actions.store.trim(actions.now)
    assert await actions.do(ciao) == [first]


async def test_refused_message_leaves_its_nonce_free(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", dm_policy="nobody")
    refused, _, sent = await actions.do(
        commands.Send("ann", "bob", "ciao", "x"),
        commands.ChangeSettings("bob", commands.SettingsChange(dm_policy="anyone")),
        commands.Send("ann", "bob", "other words", "x"),
    )
    assert codes([refused]) == ["not_allowed"]
    assert isinstance(sent, MessageSent)
