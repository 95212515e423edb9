"""The full-text index lags behind, catches up, and affects no commit when it fails."""

import asyncio
import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from bussa_server import telemetry
from bussa_server.adapters.sqlite import SqliteStore, database, searching
from bussa_server.adapters.sqlite import store as store_module
from bussa_server.ports.store import MAX_PAGE_CHARS, Unavailable
from tests.adapters.sqlite_disk import FaultyDisk
from tests.contracts.actions import StoreActions


def last_indexed(folder: Path) -> int:
    with closing(database.open_for_reading(folder / database.FILE_NAME)) as connection:
        return searching.last_indexed(connection)


@pytest.fixture
def no_background_indexing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "INDEX_PAUSE", 60.0)


async def test_index_failure_does_not_affect_commit(actions: StoreActions, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = asyncio.Event()

    def full(_: object) -> int:
        raise apsw.FullError("database or disk is full")

    await actions.create_users("ann", "bob")
    with monkeypatch.context() as patched:
        patched.setattr(store_module, "INDEX_LAG", 0)
        patched.setattr(searching, "index_some", full)
        patched.setattr(telemetry, "database_unavailable", lambda *_: failed.set())
        assert (await actions.send("ann", "bob", "ciao"))[0].n == 1
        async with asyncio.timeout(20):
            await failed.wait()
        with pytest.raises(Unavailable):
            await actions.texts("bob", "ciao")
    assert await actions.texts("bob", "ciao") == ["ciao"]


async def test_index_catches_up_when_idle(actions: StoreActions, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await actions.create_users("ann", "bob")
    monkeypatch.setattr(store_module, "INDEX_PAUSE", 0.0)
    await actions.send("ann", "bob", *map(str, range(searching.CHUNK * 2 - 1)))
    await actions.send("ann", "bob", "the last")
    async with asyncio.timeout(20):
        while True:
            if last_indexed(folder) == searching.CHUNK * 2:
                return
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("disk", "no_background_indexing")
async def test_unindexed_messages_are_found_after_reopen(folder: Path) -> None:
    store = SqliteStore(folder)
    actions = StoreActions(store)
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", *(f"ciao {i}" for i in range(searching.CHUNK + 10)))
    assert last_indexed(folder) == 0
    await store.close()
    again = SqliteStore(folder)
    assert len(await StoreActions(again).search("bob", "ciao")) == searching.CHUNK + 10
    await again.close()


@pytest.mark.usefixtures("no_background_indexing")
async def test_search_during_failed_batch_terminates(disk: FaultyDisk, actions: StoreActions) -> None:
    # The search waits for the keys of messages that are then rolled back.
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", "ciao")
    loop, committing, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def fail_once(path: str) -> None:
        disk.on_write = lambda _: None
        loop.call_soon_threadsafe(committing.set)
        assert go_on.wait(20)
        raise apsw.FullError("database or disk is full")

    disk.on_write = fail_once
    batch = asyncio.create_task(actions.send("ann", "bob", *map(str, range(5))))
    await committing.wait()
    search = asyncio.create_task(actions.texts("bob", "ciao"))
    await asyncio.sleep(0)  # the search has read the newest key
    go_on.set()
    with pytest.raises(Unavailable):
        await batch
    async with asyncio.timeout(20):
        assert await search == ["ciao"]


@pytest.mark.usefixtures("no_background_indexing")
async def test_index_chunk_is_bounded_by_characters(actions: StoreActions, folder: Path) -> None:
    # Indexing a long text can take thirty milliseconds, and a commit waits for the whole chunk.
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", *["x" * 10_000] * 20, *["y"] * 20)
    with closing(database.open_for_writing(folder / database.FILE_NAME)[0]) as connection:
        assert searching.index_some(connection) == MAX_PAGE_CHARS // 10_000
    await actions.send("ann", "bob", "the last")
    assert len(await actions.texts("bob", "x")) == 20
    assert last_indexed(folder) == 41
