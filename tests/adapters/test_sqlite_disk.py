"""A disk that fails at any moment: never a false answer, never half a batch, and on it goes when it is back."""

from pathlib import Path

import apsw
import pytest

from bussa_server.adapters.sqlite import SqliteStore, checking, database, searching
from bussa_server.domain import commands
from bussa_server.domain.book import Posted
from bussa_server.domain.commands import Command
from bussa_server.ports.store import Unavailable
from tests.adapters.sqlite_disk import Disk
from tests.contracts.deeds import Deeds, codes


async def test_what_is_answered_is_on_the_disk(disk: Disk, deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    for turn in range(5):
        disk.unflushed.clear()
        await deeds.send("ann", "bob", f"{turn}")
        assert disk.unflushed == set()


async def test_it_is_on_the_disk_also_after_the_index_was_made(
    disk: Disk, deeds: Deeds, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The index alone need not wait for the disk; one connection writes both.
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", "ciao")
    assert await deeds.texts("bob", "ciao") == ["ciao"]
    assert store._connection.pragma("synchronous") == 2
    with monkeypatch.context() as patched:
        patched.setattr(searching, "words", lambda _: 1 / 0)
        await deeds.send("ann", "bob", "a text that can't be indexed")
        with pytest.raises(ZeroDivisionError):
            await deeds.texts("bob", "ciao")
    assert store._connection.pragma("synchronous") == 2
    disk.unflushed.clear()
    await deeds.send("ann", "bob", "ehi")
    assert disk.unflushed == set()


@pytest.mark.parametrize("how", ["full", "dying"])
async def test_wherever_it_fails_the_batch_is_there_whole_or_not_at_all(
    disk: Disk, deeds: Deeds, store: SqliteStore, folder: Path, how: str
) -> None:
    await deeds.people("ann", "bob", "cy")
    n, operations = 0, 0
    while True:
        batch: list[Command] = [
            deeds.message("ann", "bob", f"one {operations} " + "x" * 5_000),
            commands.Block("cy", "ann", operations % 2 == 0),
            commands.SignUp(f"new{operations}", "New", "hash"),
            deeds.message("bob", "ann", "two", reply_to=n + 1),
        ]
        disk.fail_after(operations, how)
        try:
            outcomes = await deeds.do(*batch)
        except Unavailable:
            assert disk.failures
            assert await deeds.store.heads(["ann", "bob"]) == {"ann": n, "bob": n}
            assert await deeds.store.person(f"new{operations}") is None
            # What came to nothing has used up no key: who searches waits for the index to reach the newest one.
            assert store._rows.message_key == n
            disk.heal()
            # The same again, as a client would: the nonces have not been used.
            outcomes = await deeds.do(*batch)
        finished, failures = disk.failures == 0, disk.failures
        disk.heal()
        assert codes(outcomes) == ["ok"] * 4, (operations, failures)
        assert [found.n for found in outcomes if isinstance(found, Posted)] == [n + 1, n + 2]
        n += 2
        assert [message.n for message in await deeds.history("bob", "ann", limit=2)] == [n - 1, n]
        assert (await deeds.store.heads(["ann", "bob"])) == {"ann": n, "bob": n}
        if finished:
            break
        operations += 1
    assert operations > 10
    assert checking.check(folder).complaints == []


async def test_while_it_is_full_all_writing_is_unavailable_and_reading_goes_on(disk: Disk, deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", "before")
    disk.fail_after(0)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await deeds.send("ann", "bob", "lost")
    with pytest.raises(Unavailable):
        await deeds.store.search("bob", ["before"], None, None, 10)
    assert [message.text for message in await deeds.history("bob", "ann")] == ["before"]
    assert len(await deeds.log("bob")) == 1
    disk.heal()
    await deeds.send("ann", "bob", "after")
    assert [message.text for message in await deeds.history("bob", "ann")] == ["before", "after"]
    assert await deeds.texts("bob", "before") == ["before"]


async def test_what_could_not_be_committed_is_not_there_when_it_is_opened_again(disk: Disk, folder: Path) -> None:
    store = SqliteStore(folder)
    deeds = Deeds(store)
    await deeds.people("ann", "bob")
    lost = deeds.message("ann", "bob", "lost")
    disk.fail_after(0, "dying")
    with pytest.raises(Unavailable):
        await deeds.commit(lost)
    disk.heal()
    await store.close()
    again = SqliteStore(folder)
    assert await again.history("bob", "ann", None, None, 10) is None
    assert codes(await Deeds(again).do(lost)) == ["ok"]
    await again.close()


async def test_a_full_file_is_no_different(deeds: Deeds, store: SqliteStore) -> None:
    await deeds.people("ann", "bob")
    pages = store._connection.pragma("page_count")
    store._connection.pragma("max_page_count", pages)
    with pytest.raises(Unavailable):
        await deeds.send("ann", "bob", *["x" * 9_000] * 10)
    assert await deeds.store.heads(["ann"]) == {"ann": 0}
    store._connection.pragma("max_page_count", 1 << 30)
    assert [found.n for found in await deeds.send("ann", "bob", *["x" * 9_000] * 10)] == [*range(1, 11)]


async def test_somebody_else_who_keeps_the_file_makes_it_unavailable(deeds: Deeds, store: SqliteStore) -> None:
    await deeds.people("ann", "bob")
    other = apsw.Connection(str(store._path))
    other.execute("BEGIN IMMEDIATE")
    store._connection.set_busy_timeout(50)
    with pytest.raises(Unavailable):
        await deeds.send("ann", "bob", "ciao")
    assert await deeds.store.heads(["ann"]) == {"ann": 0}
    other.execute("ROLLBACK")
    other.close()
    assert (await deeds.send("ann", "bob", "ciao"))[0].n == 1


async def test_a_closed_store_says_so_and_may_be_closed_again(folder: Path) -> None:
    store = SqliteStore(folder)
    await store.close()
    await store.close()
    with pytest.raises(Unavailable):
        await store.heads(["ann"])
    with pytest.raises(Unavailable):
        await store.commit([], 0)
    database.release(database.claim(folder))
