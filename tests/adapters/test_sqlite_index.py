"""The index lags behind, catches up, and spoils nothing when it can't."""

import asyncio
from pathlib import Path

import apsw
import pytest

from bussa_server.adapters.sqlite import SqliteStore, searching
from bussa_server.adapters.sqlite import store as store_module
from bussa_server.ports.store import MAX_PAGE_CHARS, Unavailable
from tests.adapters.sqlite_disk import FaultyDisk
from tests.contracts.actions import StoreActions


async def test_index_failure_does_not_affect_commit(
    actions: StoreActions, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> int:
        raise apsw.FullError("database or disk is full")

    await actions.create_users("ann", "bob")
    with monkeypatch.context() as patched:
        patched.setattr(store_module, "INDEX_LAG", 0)
        patched.setattr(searching, "index_some", full)
        assert (await actions.send("ann", "bob", "ciao"))[0].n == 1
        assert store._index_task is not None
        await store._index_task
        with pytest.raises(Unavailable):
            await actions.texts("bob", "ciao")
    assert await actions.texts("bob", "ciao") == ["ciao"]


async def test_index_catches_up_when_idle(
    actions: StoreActions, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, begin = asyncio.Event(), store._begin_indexing
    monkeypatch.setattr(store, "_begin_indexing", lambda: (begin(), begun.set()))
    await actions.create_users("ann", "bob")
    monkeypatch.setattr(store_module, "INDEX_PAUSE", 0.0)
    await actions.send("ann", "bob", *map(str, range(searching.CHUNK * 2 - 1)))
    await actions.send("ann", "bob", "the last")
    begun.clear()
    await begun.wait()
    assert store._index_task is not None
    await store._index_task
    assert searching.last_indexed(store._connection) == searching.CHUNK * 2


async def test_unindexed_messages_are_found_after_reopen(disk: FaultyDisk, folder: Path) -> None:
    store = SqliteStore(folder)
    actions = StoreActions(store)
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", *(f"ciao {i}" for i in range(searching.CHUNK + 10)))
    assert searching.last_indexed(store._connection) == 0
    await store.close()
    again = SqliteStore(folder)
    assert len(await StoreActions(again).search("bob", "ciao")) == searching.CHUNK + 10
    await again.close()


async def test_search_during_failed_batch_terminates(actions: StoreActions, store: SqliteStore) -> None:
    # It saw the keys of messages that were rolled back then.
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", "ciao")
    store._repository.message_row_id += 5
    async with asyncio.timeout(20):
        assert await actions.texts("bob", "ciao") == ["ciao"]


async def test_index_chunk_is_bounded_by_characters(actions: StoreActions, store: SqliteStore) -> None:
    # Some take thirty milliseconds each, and a message that is sent meanwhile waits for all of the chunk.
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", *["x" * 10_000] * 20, *["y"] * 20)
    assert searching.index_some(store._connection) == MAX_PAGE_CHARS // 10_000
    await actions.send("ann", "bob", "the last")
    assert len(await actions.texts("bob", "x")) == 20
    assert searching.last_indexed(store._connection) == 41
