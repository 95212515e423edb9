"""A disk that fails at any moment: never a false answer, never half a batch, and on it goes when it is back."""

from pathlib import Path

import apsw
import pytest

from bussa_server.adapters.sqlite import SqliteStore, checking, database, searching
from bussa_server.domain import commands
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import MessageSent
from bussa_server.ports.store import Unavailable
from tests.adapters.sqlite_disk import FaultyDisk
from tests.contracts.actions import StoreActions, codes


async def test_answered_commit_is_on_disk(disk: FaultyDisk, actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    for turn in range(5):
        disk.unflushed.clear()
        await actions.send("ann", "bob", f"{turn}")
        assert disk.unflushed == set()


async def test_commit_after_indexing_is_on_disk(
    disk: FaultyDisk, actions: StoreActions, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The index alone need not wait for the disk; one connection writes both.
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", "ciao")
    assert await actions.texts("bob", "ciao") == ["ciao"]
    assert store._connection.pragma("synchronous") == 2
    with monkeypatch.context() as patched:
        patched.setattr(searching, "tokenize", lambda _: 1 / 0)
        await actions.send("ann", "bob", "a text that can't be indexed")
        with pytest.raises(ZeroDivisionError):
            await actions.texts("bob", "ciao")
    assert store._connection.pragma("synchronous") == 2
    disk.unflushed.clear()
    await actions.send("ann", "bob", "ehi")
    assert disk.unflushed == set()


@pytest.mark.parametrize("how", ["full", "dying"])
async def test_batch_is_atomic_wherever_the_disk_fails(
    disk: FaultyDisk, actions: StoreActions, store: SqliteStore, folder: Path, how: str
) -> None:
    await actions.create_users("ann", "bob", "cy")
    n, operations = 0, 0
    while True:
        batch: list[Command] = [
            actions.message("ann", "bob", f"one {operations} " + "x" * 5_000),
            commands.Block("cy", "ann", operations % 2 == 0),
            commands.SignUp(f"new{operations}", "New", "hash"),
            actions.message("bob", "ann", "two", reply_to=n + 1),
        ]
        disk.fail_after(operations, how)
        try:
            outcomes = await actions.do(*batch)
        except Unavailable:
            assert disk.failures
            assert await actions.store.heads(["ann", "bob"]) == {"ann": n, "bob": n}
            assert await actions.store.get_user(f"new{operations}") is None
            # What came to nothing has used up no key: who searches waits for the index to reach the newest one.
            assert store._repository.message_row_id == n
            disk.repair()
            # The same again, as a client would: the nonces have not been used.
            outcomes = await actions.do(*batch)
        finished, failures = disk.failures == 0, disk.failures
        disk.repair()
        assert codes(outcomes) == ["ok"] * 4, (operations, failures)
        assert [found.n for found in outcomes if isinstance(found, MessageSent)] == [n + 1, n + 2]
        n += 2
        assert [message.n for message in await actions.history("bob", "ann", limit=2)] == [n - 1, n]
        assert (await actions.store.heads(["ann", "bob"])) == {"ann": n, "bob": n}
        if finished:
            break
        operations += 1
    assert operations > 10
    assert checking.check(folder).problems == []


async def test_full_disk_refuses_writes_and_serves_reads(disk: FaultyDisk, actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", "before")
    disk.fail_after(0)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await actions.send("ann", "bob", "lost")
    with pytest.raises(Unavailable):
        await actions.store.search("bob", ["before"], None, None, 10)
    assert [message.text for message in await actions.history("bob", "ann")] == ["before"]
    assert len(await actions.log("bob")) == 1
    disk.repair()
    await actions.send("ann", "bob", "after")
    assert [message.text for message in await actions.history("bob", "ann")] == ["before", "after"]
    assert await actions.texts("bob", "before") == ["before"]


async def test_failed_commit_is_absent_after_reopen(disk: FaultyDisk, folder: Path) -> None:
    store = SqliteStore(folder)
    actions = StoreActions(store)
    await actions.create_users("ann", "bob")
    lost = actions.message("ann", "bob", "lost")
    disk.fail_after(0, "dying")
    with pytest.raises(Unavailable):
        await actions.commit(lost)
    disk.repair()
    await store.close()
    again = SqliteStore(folder)
    assert await again.history("bob", "ann", None, None, 10) is None
    assert codes(await StoreActions(again).do(lost)) == ["ok"]
    await again.close()


async def test_full_database_file_is_unavailable(actions: StoreActions, store: SqliteStore) -> None:
    await actions.create_users("ann", "bob")
    pages = store._connection.pragma("page_count")
    store._connection.pragma("max_page_count", pages)
    with pytest.raises(Unavailable):
        await actions.send("ann", "bob", *["x" * 9_000] * 10)
    assert await actions.store.heads(["ann"]) == {"ann": 0}
    store._connection.pragma("max_page_count", 1 << 30)
    assert [found.n for found in await actions.send("ann", "bob", *["x" * 9_000] * 10)] == [*range(1, 11)]


async def test_file_locked_by_another_process_is_unavailable(actions: StoreActions, store: SqliteStore) -> None:
    await actions.create_users("ann", "bob")
    other = apsw.Connection(str(store._path))
    other.execute("BEGIN IMMEDIATE")
    store._connection.set_busy_timeout(50)
    with pytest.raises(Unavailable):
        await actions.send("ann", "bob", "ciao")
    assert await actions.store.heads(["ann"]) == {"ann": 0}
    other.execute("ROLLBACK")
    other.close()
    assert (await actions.send("ann", "bob", "ciao"))[0].n == 1


async def test_closed_store_is_unavailable_and_may_be_closed_again(folder: Path) -> None:
    store = SqliteStore(folder)
    await store.close()
    await store.close()
    with pytest.raises(Unavailable):
        await store.heads(["ann"])
    with pytest.raises(Unavailable):
        await store.commit([], 0)
    database.unlock_folder(database.lock_folder(folder))
