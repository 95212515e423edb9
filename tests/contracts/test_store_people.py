"""The store port: people, how two of them stand to each other, who follows whom, and the log's name."""

from bussa_protocol.bodies import PersonChange
from bussa_protocol.frames.parts import Settings
from bussa_server.domain import commands
from bussa_server.domain.people import Pair, Person
from bussa_server.ports.store import Store
from tests.contracts.deeds import Deeds
from tests.contracts.stores import House


def without_keys(found: Person | Pair | None) -> Person | Pair | None:
    """The store's own names for its rows say nothing."""
    if found is not None:
        found.key = 0
    return found


async def test_a_person_as_it_was_made_and_changed(deeds: Deeds) -> None:
    assert await deeds.store.person("ann") is None
    await deeds.do(commands.SignUp("ann", "Ann", "argon2 hash"))
    assert without_keys(await deeds.store.person("ann")) == Person("ann", "Ann", Settings(), password="argon2 hash")
    change = PersonChange(name="Ann\0 é", knocks=True, read_receipts=False, dm_policy="mutuals")
    await deeds.do(commands.PutPerson("ann", change), commands.Revoke("ann"))
    door = Settings(dm_policy="mutuals", knocks=True, read_receipts=False)
    expected = Person("ann", "Ann\0 é", door, head=1, password="argon2 hash", revoked_at=deeds.now)
    assert without_keys(await deeds.store.person("ann")) == expected
    await deeds.people("bob")
    await deeds.send("ann", "bob", "ciao")
    found = await deeds.store.person("ann")
    assert found is not None
    assert (found.head, found.newest) == (2, "bob")


async def test_ids_are_told_apart_to_the_letter(deeds: Deeds) -> None:
    users = ["ann", "Ann", "ANN", "a-n", "a.n", "a:n", "a_n", "1", "01", "x" * 64]
    await deeds.people(*users)
    for user in users:
        found = await deeds.store.person(user)
        assert found is not None
        assert found.id == user
    await deeds.do(*(commands.Follow(user, "1", True) for user in users if user != "1"))
    assert await deeds.users("1", followers=True) == sorted(set(users) - {"1"})


async def test_how_two_people_stand_to_each_other(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    assert await deeds.store.pair("ann", "zoe") is None
    assert await deeds.store.pair("zoe", "ann") is None
    assert without_keys(await deeds.store.pair("ann", "bob")) == Pair.between("ann", "bob")
    await deeds.send("ann", "bob", "1", "2")
    await deeds.send("bob", "ann", "3")
    await deeds.do(
        commands.MarkRead("bob", "ann", 2),
        commands.Follow("bob", "ann", True),
        commands.Mute("ann", "bob", True),
        commands.Decline("ann", "bob"),
        commands.Block("bob", "ann", True),
    )
    pair = await deeds.store.pair("bob", "ann")
    assert pair is not None
    assert without_keys(await deeds.store.pair("ann", "bob")) == without_keys(pair)
    ann, bob = pair.of("ann")
    assert (ann.wrote, ann.folder, ann.refused, ann.muted, ann.peer_read) == (2, "declined", True, True, 2)
    assert (bob.wrote, bob.read, bob.follows, bob.blocked, bob.accepted) == (1, 2, True, True, False)
    assert (ann.follows, ann.blocked, bob.refused, bob.muted) == (False, False, False, False)


async def test_what_was_read_is_nobody_elses_to_change(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    person, pair = await deeds.store.person("ann"), await deeds.store.pair("ann", "bob")
    assert person is not None
    assert pair is not None
    person.settings, person.head = Settings(dm_policy="nobody"), 9
    pair.low.blocked = pair.high.blocked = True
    await deeds.send("bob", "ann", "ciao")
    assert await deeds.store.heads(["ann"]) == {"ann": 1}


async def test_following_and_followers_page_by_page(deeds: Deeds) -> None:
    users = [f"u{i:02}" for i in range(30)]
    await deeds.people("ann", *users)
    for user in reversed(users):
        await deeds.do(commands.Follow("ann", user, True))
    await deeds.do(*(commands.Follow(user, "ann", True) for user in users[::2]))
    await deeds.do(commands.Follow("ann", "u03", False), commands.Follow("ann", "u03", False))
    for limit in (1, 7, 15, 29, 30, 200):
        following = await deeds.users("ann", followers=False, limit=limit)
        assert following == [user for user in users if user != "u03"]
        assert await deeds.users("ann", followers=True, limit=limit) == users[::2]
    assert await deeds.users("u00", followers=True) == await deeds.users("u00", followers=False) == ["ann"]
    assert await deeds.users("zoe", followers=True) == []
    page = await deeds.store.follows("ann", followers=True, after="u05\0~", limit=2)
    assert page.users == ["u06", "u08"]


async def test_heads_are_of_those_who_exist(deeds: Deeds) -> None:
    await deeds.people("ann", "bob", "cy")
    await deeds.send("ann", "bob", "1", "2")
    await deeds.settings("bob", knocks=True)
    assert await deeds.store.heads(["zoe", "bob", "cy", "ann", "a\0b"]) == {"ann": 2, "bob": 3, "cy": 0}
    assert await deeds.store.heads([]) == {}


async def test_revocations_are_of_those_who_ever_revoked(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.do(commands.Revoke("ann"))
    first = deeds.now
    assert await deeds.store.revoked(["ann", "bob", "zoe"]) == {"ann": first}
    deeds.now = first - 5_000
    await deeds.do(commands.Revoke("ann"))
    assert await deeds.store.revoked(["ann"]) == {"ann": first + 1}


async def test_everything_is_there_when_it_is_opened_again(house: House, store: Store) -> None:
    deeds = Deeds(store)
    await deeds.people("ann", "bob", dm_policy="followers", knocks=True)
    await deeds.do(commands.Follow("ann", "bob", True), commands.Mute("bob", "ann", True), commands.Revoke("bob"))
    await deeds.send("ann", "bob", "ciao")
    await deeds.send("bob", "ann", "ehi")
    await deeds.do(commands.MarkRead("ann", "bob", 2), commands.Decline("ann", "bob"))

    async def everything(store: Store) -> list[object]:
        some = Deeds(store)
        seen: list[object] = [await store.heads(["ann", "bob"]), without_keys(await store.pair("ann", "bob"))]
        for user, peer in (("ann", "bob"), ("bob", "ann")):
            seen += [without_keys(await store.person(user)), await some.log(user), await some.history(user, peer)]
            for folder in ("inbox", "requests", "declined"):
                seen.append(await some.conversations(user, folder))
            seen.append(await some.users(user, followers=True))
        return seen

    before = await everything(store)
    await store.close()
    again = await house.open()
    assert await everything(again) == before
    # And it goes on from there: what was kept in memory and what was read anew decide alike.
    more = Deeds(again)
    more.now = deeds.now
    assert (await more.send("ann", "bob", "again"))[0].n == 3
    assert [message.n for message in await more.history("bob", "ann")] == [1, 2, 3]
    await again.close()


async def test_the_log_has_one_name_for_good(house: House, store: Store) -> None:
    epoch = store.epoch
    assert 1 <= len(epoch) <= 64
    await store.close()
    again = await house.open()
    assert again.epoch == epoch
    await again.close()
