"""A copy of a data folder, also while it is served and written to."""

import asyncio
from pathlib import Path

import apsw
import pytest

from bussa_server.adapters.sqlite import DataFolderError, SqliteStore, checking, database
from tests.adapters.sqlite_disk import Disk
from tests.contracts.deeds import Deeds


def restored(copy: Path, folder: Path) -> SqliteStore:
    folder.mkdir()
    copy.rename(folder / database.FILE)
    assert checking.check(folder).complaints == []
    return SqliteStore(folder)


def names(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


async def test_a_copy_has_all_and_begins_a_log_of_another_name(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "data")
    deeds = Deeds(store)
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", "ciao", "ciao 2")
    before = await deeds.log("bob"), await deeds.history("bob", "ann"), await deeds.conversations("bob")
    copy = tmp_path / "copy"
    database.back_up(tmp_path / "data", copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["copy", "data"]
    await deeds.send("ann", "bob", "after")

    other = restored(copy, tmp_path / "restored")
    theirs = Deeds(other)
    assert (await theirs.log("bob"), await theirs.history("bob", "ann"), await theirs.conversations("bob")) == before
    assert await theirs.texts("bob", "ciao") == ["ciao 2", "ciao"]
    # A device that saw what was logged after the copy must not count on.
    assert other.epoch != store.epoch
    epoch = other.epoch
    await other.close()
    again = SqliteStore(tmp_path / "restored")
    assert again.epoch == epoch
    await again.close()
    epoch = store.epoch
    await store.close()
    original = SqliteStore(tmp_path / "data")
    assert original.epoch == epoch
    await original.close()


async def test_a_copy_made_while_people_write_is_of_one_moment(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "data")
    deeds = Deeds(store)
    await deeds.people("ann", "bob")
    await deeds.send("ann", "bob", *["x" * 10_000] * 200)
    copying = asyncio.create_task(asyncio.to_thread(database.back_up, tmp_path / "data", tmp_path / "copy"))
    sent = 200
    while not copying.done() and sent < 5_000:
        await deeds.send("ann", "bob", "ciao", "x" * 3_000)
        sent += 2
    await copying
    await store.close()
    other = restored(tmp_path / "copy", tmp_path / "restored")
    theirs = Deeds(other)
    head = (await other.heads(["ann"]))["ann"]
    assert 200 <= head <= sent
    assert head % 2 == 0
    assert [event.seq for event in await theirs.log("bob")] == [*range(1, head + 1)]
    await other.close()


async def test_whoever_writes_meanwhile_does_not_make_it_begin_again(disk: Disk, folder: Path, tmp_path: Path) -> None:
    await SqliteStore(folder).close()
    source = str(folder / database.FILE)
    writer = apsw.Connection(source)
    # More pages than any step of a copy could have.
    writer.execute("CREATE TABLE big (x); INSERT INTO big VALUES (zeroblob(40000000)); CREATE TABLE late (x)")
    written: list[str] = []

    def write(path: str) -> None:
        if path.endswith("copy") and len(written) < 20:
            written.append(path)
            writer.execute("INSERT INTO late VALUES (1)")

    disk.on_write = write
    database.back_up(folder, tmp_path / "copy")
    disk.on_write = lambda _: None
    assert writer.execute("SELECT count(*) FROM late").get == len(written) > 0
    writer.execute("DROP TABLE big; DROP TABLE late")
    writer.close()
    copied = apsw.Connection(str(tmp_path / "copy"))
    assert copied.execute("SELECT count(*) FROM late").get == 0
    copied.close()


async def test_it_never_writes_over_anything(tmp_path: Path) -> None:
    await SqliteStore(tmp_path / "data").close()
    (tmp_path / "letter").write_text("dear mother")
    with pytest.raises(DataFolderError, match="exists already"):
        database.back_up(tmp_path / "data", tmp_path / "letter")
    assert (tmp_path / "letter").read_text() == "dear mother"


async def test_it_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="there is no database"):
        database.back_up(tmp_path, tmp_path / "copy")
    await SqliteStore(tmp_path / "data").close()
    with pytest.raises(DataFolderError, match="can't be written"):
        database.back_up(tmp_path / "data", tmp_path / "no" / "such" / "folder")


async def test_half_a_copy_is_none(disk: Disk, folder: Path, tmp_path: Path) -> None:
    await SqliteStore(folder).close()
    disk.fail_after(5)
    with pytest.raises(DataFolderError, match="the backup failed"):
        database.back_up(folder, tmp_path / "copy")
    disk.heal()
    assert not (tmp_path / "copy").exists()


async def test_since_when_tokens_count(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="there is no database"):
        database.revoked_at(tmp_path, "ann")
    store = SqliteStore(tmp_path)
    await Deeds(store).people("ann")
    assert database.revoked_at(tmp_path, "ann") == 0
    assert database.revoked_at(tmp_path, "zoe") is None
    await store.close()
    (tmp_path / database.FILE).write_bytes(b"no database " * 99)
    with pytest.raises(DataFolderError, match="can't be read"):
        database.revoked_at(tmp_path, "ann")
