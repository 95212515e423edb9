"""The index lags behind, catches up, and spoils nothing when it can't."""

import asyncio
from pathlib import Path

import apsw
import pytest

from bussa_server.adapters.sqlite import SqliteStore, searching
from bussa_server.adapters.sqlite import store as store_module
from bussa_server.ports.store import PAGE_CHARS, Unavailable
from tests.adapters.sqlite_disk import Disk
from tests.contracts.deeds import Deeds


async def test_an_index_that_can_not_be_written_does_not_spoil_an_answer(
    deeds: Deeds, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> int:
        raise apsw.FullError("database or disk is full")

    await deeds.people("ann", "bob")
    with monkeypatch.context() as patched:
        patched.setattr(store_module, "INDEX_LAG", 0)
        patched.setattr(searching, "index_some", full)
        assert (await deeds.send("ann", "bob", "ciao"))[0].n == 1
        assert store._index_task is not None
        await store._index_task
        with pytest.raises(Unavailable):
            await deeds.texts("bob", "ciao")
    assert await deeds.texts("bob", "ciao") == ["ciao"]


async def test_the_index_catches_up_by_itself_when_nothing_comes(
    deeds: Deeds, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, begin = asyncio.Event(), store._begin_indexing
    monkeypatch.setattr(store, "_begin_indexing", lambda: (begin(), begun.set()))
    await deeds.people("ann", "bob")
    monkeypatch.setattr(store_module, "INDEX_PAUSE", 0.0)
    await deeds.send("ann", "bob", *map(str, range(searching.CHUNK * 2 - 1)))
    await deeds.send("ann", "bob", "the last")
    begun.clear()
    await begun.wait()
    assert store._index_task is not None
    await store._index_task
    assert searching.indexed(store._connection) == searching.CHUNK * 2


async def test_what_was_not_indexed_when_it_was_closed_is_found_when_it_is_opened_again(
    disk: Disk, folder: Path
) -> None:
    store = SqliteStore(folder)
    deeds = Deeds(store)
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", *(f"ciao {i}" for i in range(searching.CHUNK + 10)))
    assert searching.indexed(store._connection) == 0
    await store.close()
    again = SqliteStore(folder)
    assert len(await Deeds(again).search("bob", "ciao")) == searching.CHUNK + 10
    await again.close()


async def test_a_search_in_the_middle_of_a_batch_that_fails_comes_to_an_end(deeds: Deeds, store: SqliteStore) -> None:
    # It saw the keys of messages that were rolled back then.
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", "ciao")
    store._rows.message_key += 5
    async with asyncio.timeout(20):
        assert await deeds.texts("bob", "ciao") == ["ciao"]


async def test_of_long_texts_few_are_indexed_at_a_time(deeds: Deeds, store: SqliteStore) -> None:
    # Some take thirty milliseconds each, and a message that is sent meanwhile waits for all of the chunk.
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", *["x" * 10_000] * 20, *["y"] * 20)
    assert searching.index_some(store._connection) == PAGE_CHARS // 10_000
    await deeds.send("ann", "bob", "the last")
    assert len(await deeds.texts("bob", "x")) == 20
    assert searching.indexed(store._connection) == 41
