"""The store port: one nonce of a sender is one message, whatever is repeated, and whenever."""

from bussa_protocol.limits import LOG_MILLIS
from bussa_server.domain import commands
from bussa_server.domain.book import Carried, Posted
from bussa_server.ports.store import Store
from tests.contracts.deeds import Deeds, codes
from tests.contracts.stores import House

DAY = 24 * 3600 * 1000


async def test_the_same_again_gives_the_first_answer_and_delivers_nothing(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    ciao = commands.Send("ann", "bob", "ciao", "x")
    (first,) = await deeds.do(ciao)
    await deeds.send("bob", "ann", "ehi")
    (again,) = await deeds.commit(ciao)
    assert again == Carried(first)
    assert [message.text for message in await deeds.history("bob", "ann")] == ["ciao", "ehi"]
    assert await deeds.store.heads(["ann", "bob"]) == {"ann": 2, "bob": 2}


async def test_the_same_twice_within_one_batch(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    first, again, other, another_to = await deeds.do(
        commands.Send("ann", "bob", "ciao", "x"),
        commands.Send("ann", "bob", "ciao", "x"),
        commands.Send("ann", "bob", "ciao!", "x"),
        commands.Send("ann", "cy", "ciao", "x"),
    )
    assert isinstance(first, Posted)
    assert again == first
    assert codes([other, another_to]) == ["conflict", "conflict"]
    assert len(await deeds.history("bob", "ann")) == 1


async def test_other_content_is_a_conflict_and_changes_nothing(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    await deeds.send("ann", "bob", "first")
    await deeds.do(commands.Send("ann", "bob", "ciao", "x", 1))
    results = await deeds.do(
        commands.Send("ann", "bob", "Ciao", "x", 1),
        commands.Send("ann", "bob", "ciao", "x"),
        commands.Send("ann", "bob", "ciao", "x", 2),
        commands.Send("ann", "cy", "ciao", "x", 1),
        commands.Send("ann", "bob", "ciao\0", "x", 1),
    )
    assert codes(results) == ["conflict"] * 5
    assert len(await deeds.history("bob", "ann")) == 2
    assert await deeds.store.history("ann", "cy", None, None, 50) is None


async def test_nonces_are_the_senders_own_and_any_characters(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    nonces = ["x", "X", "x\0", "x\0y", "", " x", "é", "e\u0301", "😀" * 64, "'", '"', "%", "\\"]
    batch = [commands.Send(user, "bob", nonce, nonce) for user in ("ann", "cy") for nonce in nonces]
    first = await deeds.do(*batch)
    assert [found.n for found in first if isinstance(found, Posted)] == [*range(1, len(nonces) + 1)] * 2
    assert await deeds.do(*batch) == first


async def test_a_nonce_is_remembered_when_the_store_is_opened_again(house: House, store: Store) -> None:
    deeds = Deeds(store)
    await deeds.people("ann", "bob")
    ciao = commands.Send("ann", "bob", "ciao", "x")
    (first,) = await deeds.do(ciao)
    await deeds.do(commands.Block("bob", "ann", True))
    await store.close()
    again = Deeds(await house.open())
    assert await again.do(ciao) == [first]
    assert codes(await again.do(commands.Send("ann", "bob", "ehi", "x"))) == ["conflict"]
    assert codes(await again.do(commands.Send("ann", "bob", "ehi", "y"))) == ["not_allowed"]
    await again.store.close()


async def test_a_nonce_lives_a_day_whatever_is_trimmed(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    ciao = commands.Send("ann", "bob", "ciao", "x")
    (first,) = await deeds.do(ciao)
    deeds.now += DAY
    await deeds.store.trim(deeds.now)
    assert await deeds.do(ciao) == [first]
    # As long as the log reaches back to it, so for a quiet user longer than any number of days.
    deeds.now += 2 * LOG_MILLIS
    await deeds.store.trim(deeds.now)
    assert await deeds.do(ciao) == [first]


async def test_a_refused_message_leaves_its_nonce_free(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", dm_policy="nobody")
    refused, _, posted = await deeds.do(
        commands.Send("ann", "bob", "ciao", "x"),
        commands.ChangeSettings("bob", commands.SettingsChange(dm_policy="anyone")),
        commands.Send("ann", "bob", "other words", "x"),
    )
    assert codes([refused]) == ["not_allowed"]
    assert isinstance(posted, Posted)
