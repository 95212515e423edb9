"""The store port: users, conversations, follows, and the epoch."""

from bussa_protocol.bodies import UserChange
from bussa_protocol.frames.parts import Settings
from bussa_server.domain.users import Conversation, User
from bussa_server.ports.store import Store
from tests import commands
from tests.contracts.actions import StoreActions
from tests.contracts.store_backends import StoreBackend


def without_row_ids(found: User | Conversation | None) -> User | Conversation | None:
    """Row ids differ between stores."""
    if found is not None:
        found.row_id = 0
    return found


async def test_user_round_trips_after_create_and_change(actions: StoreActions) -> None:
    assert await actions.store.get_user("ann") is None
    await actions.do(commands.SignUp("ann", "Ann", "argon2 hash"))
    assert without_row_ids(await actions.store.get_user("ann")) == User(
        "ann", "Ann", Settings(), password="argon2 hash"
    )
    change = UserChange(name="Ann\0 é", knocks=True, read_receipts=False, dm_policy="mutuals")
    await actions.do(commands.PutUser("ann", change), commands.Revoke("ann"))
    settings = Settings(dm_policy="mutuals", knocks=True, read_receipts=False)
    expected = User("ann", "Ann\0 é", settings, head=1, password="argon2 hash", revoked_at=actions.now)
    assert without_row_ids(await actions.store.get_user("ann")) == expected
    await actions.create_users("bob")
    await actions.send("ann", "bob", "ciao")
    found = await actions.store.get_user("ann")
    assert found is not None
    assert (found.head, found.top_peer) == (2, "bob")


async def test_user_ids_are_case_sensitive(actions: StoreActions) -> None:
    users = ["ann", "Ann", "ANN", "a-n", "a.n", "a:n", "a_n", "1", "01", "x" * 64]
    await actions.create_users(*users)
    for user in users:
        found = await actions.store.get_user(user)
        assert found is not None
        assert found.id == user
    await actions.do(*(commands.Follow(user, "1", True) for user in users if user != "1"))
    assert await actions.users("1", followers=True) == sorted(set(users) - {"1"})


async def test_conversation_state_round_trips(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    assert await actions.store.get_conversation("ann", "zoe") is None
    assert await actions.store.get_conversation("zoe", "ann") is None
    assert without_row_ids(await actions.store.get_conversation("ann", "bob")) == Conversation.between("ann", "bob")
    await actions.send("ann", "bob", "1", "2")
    await actions.send("bob", "ann", "3")
    await actions.do(
        commands.MarkRead("bob", "ann", 2),
        commands.Follow("bob", "ann", True),
        commands.Mute("ann", "bob", True),
        commands.Decline("ann", "bob"),
        commands.Block("bob", "ann", True),
    )
    conversation = await actions.store.get_conversation("bob", "ann")
    assert conversation is not None
    assert without_row_ids(await actions.store.get_conversation("ann", "bob")) == without_row_ids(conversation)
    ann, bob = conversation.participants("ann")
    assert (ann.sent_count, ann.folder, ann.refused, ann.muted, ann.peer_read) == (2, "declined", True, True, 2)
    assert (bob.sent_count, bob.read, bob.follows, bob.blocked, bob.accepted) == (1, 2, True, True, False)
    assert (ann.follows, ann.blocked, bob.refused, bob.muted) == (False, False, False, False)


async def test_returned_rows_are_copies(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    user, conversation = await actions.store.get_user("ann"), await actions.store.get_conversation("ann", "bob")
    assert user is not None
    assert conversation is not None
    user.settings, user.head = Settings(dm_policy="nobody"), 9
    conversation.low.blocked = conversation.high.blocked = True
    await actions.send("bob", "ann", "ciao")
    assert await actions.store.heads(["ann"]) == {"ann": 1}


async def test_follow_pages_follow_each_other(actions: StoreActions) -> None:
    users = [f"u{i:02}" for i in range(30)]
    await actions.create_users("ann", *users)
    for user in reversed(users):
        await actions.do(commands.Follow("ann", user, True))
    await actions.do(*(commands.Follow(user, "ann", True) for user in users[::2]))
    await actions.do(commands.Follow("ann", "u03", False), commands.Follow("ann", "u03", False))
    for limit in (1, 7, 15, 29, 30, 200):
        following = await actions.users("ann", followers=False, limit=limit)
        assert following == [user for user in users if user != "u03"]
        assert await actions.users("ann", followers=True, limit=limit) == users[::2]
    assert await actions.users("u00", followers=True) == await actions.users("u00", followers=False) == ["ann"]
    assert await actions.users("zoe", followers=True) == []
    page = await actions.store.follows("ann", followers=True, after="u05\0~", limit=2)
    assert page.users == ["u06", "u08"]


async def test_heads_omit_unknown_users(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob", "cy")
    await actions.send("ann", "bob", "1", "2")
    await actions.settings("bob", knocks=True)
    assert await actions.store.heads(["zoe", "bob", "cy", "ann", "a\0b"]) == {"ann": 2, "bob": 3, "cy": 0}
    assert await actions.store.heads([]) == {}


async def test_revocations_omit_users_who_never_revoked(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.do(commands.Revoke("ann"))
    first = actions.now
    assert await actions.store.revoked(["ann", "bob", "zoe"]) == {"ann": first}
    actions.now = first - 5_000
    await actions.do(commands.Revoke("ann"))
    assert await actions.store.revoked(["ann"]) == {"ann": first + 1}


async def test_state_survives_reopen(store_backend: StoreBackend, store: Store) -> None:
    actions = StoreActions(store)
    await actions.create_users("ann", "bob", dm_policy="followers", knocks=True)
    await actions.do(commands.Follow("ann", "bob", True), commands.Mute("bob", "ann", True), commands.Revoke("bob"))
    await actions.send("ann", "bob", "ciao")
    await actions.send("bob", "ann", "ehi")
    await actions.do(commands.MarkRead("ann", "bob", 2), commands.Decline("ann", "bob"))

    async def everything(store: Store) -> list[object]:
        some = StoreActions(store)
        seen: list[object] = [
            await store.heads(["ann", "bob"]),
            without_row_ids(await store.get_conversation("ann", "bob")),
        ]
        for user, peer in (("ann", "bob"), ("bob", "ann")):
            seen += [without_row_ids(await store.get_user(user)), await some.log(user), await some.history(user, peer)]
            for folder in ("inbox", "requests", "declined"):
                seen.append(await some.conversations(user, folder))
            seen.append(await some.users(user, followers=True))
        return seen

    before = await everything(store)
    await store.close()
    again = await store_backend.open()
    assert await everything(again) == before
    # Decisions on reloaded rows are those on cached rows.
    more = StoreActions(again)
    more.now = actions.now
    assert (await more.send("ann", "bob", "again"))[0].n == 3
    assert [message.n for message in await more.history("bob", "ann")] == [1, 2, 3]
    await again.close()


async def test_epoch_survives_reopen(store_backend: StoreBackend, store: Store) -> None:
    epoch = store.epoch
    assert 1 <= len(epoch) <= 64
    await store.close()
    again = await store_backend.open()
    assert again.epoch == epoch
    await again.close()
