"""Disk failures at any moment: no false answer, no partial batch, and the store recovers with the disk."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from bussa_server.adapters.sqlite import SqliteStore, checking, database, searching
from bussa_server.adapters.sqlite import store as store_module
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import MessageSent
from bussa_server.ports.store import Unavailable
from tests import commands
from tests.adapters.sqlite_disk import FaultyDisk
from tests.contracts.actions import StoreActions, codes


async def check_send_is_flushed(disk: FaultyDisk, actions: StoreActions) -> None:
    """Send a message, and check that it was written and flushed before the answer."""
    disk.unflushed.clear()
    writes, flushes = disk.writes, disk.flushes
    await actions.send("ann", "bob", "ciao")
    assert disk.writes > writes
    assert disk.flushes > flushes
    assert disk.unflushed == set()


async def test_answered_commit_is_on_disk(disk: FaultyDisk, actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    for _ in range(5):
        await check_send_is_flushed(disk, actions)


async def test_commit_after_indexing_is_on_disk(
    disk: FaultyDisk, actions: StoreActions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Indexing is not flushed, and uses the same connection as commits.
    monkeypatch.setattr(store_module, "INDEX_PAUSE", 60.0)  # no indexing in the background
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", "ciao")
    assert await actions.texts("bob", "ciao") == ["ciao"]
    await check_send_is_flushed(disk, actions)
    with monkeypatch.context() as patched:
        patched.setattr(searching, "tokenize", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await actions.texts("bob", "ciao")
    await check_send_is_flushed(disk, actions)


@pytest.mark.parametrize("how", ["full", "dying"])
async def test_batch_is_atomic_wherever_the_disk_fails(
    disk: FaultyDisk, actions: StoreActions, folder: Path, how: str
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
            disk.repair()
            # A retry of the same batch, as by a client: the nonces are unused.
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
    with closing(database.open_for_reading(folder / database.FILE_NAME)) as connection:
        # Row keys have no holes: a search waits until the index reaches the newest key.
        assert connection.execute("SELECT count(*), max(key) FROM messages").fetchone() == (n, n)
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


async def test_locked_file_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MILLIS", 50)
    store = SqliteStore(tmp_path)
    actions = StoreActions(store)
    await actions.create_users("ann", "bob")
    other = apsw.Connection(str(tmp_path / database.FILE_NAME))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        await actions.send("ann", "bob", "ciao")
    assert await store.heads(["ann"]) == {"ann": 0}
    other.execute("ROLLBACK")
    other.close()
    assert (await actions.send("ann", "bob", "ciao"))[0].n == 1
    await store.close()


async def test_closed_store_is_unavailable_and_may_be_closed_again(folder: Path) -> None:
    store = SqliteStore(folder)
    await store.close()
    await store.close()
    with pytest.raises(Unavailable):
        await store.heads(["ann"])
    with pytest.raises(Unavailable):
        await store.commit([], 0)
    database.unlock_folder(database.lock_folder(folder))
