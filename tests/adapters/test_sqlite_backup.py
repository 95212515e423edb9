"""Backups of a data folder, also while a server writes to it."""

import asyncio
from pathlib import Path

import apsw
import pytest

from bussa_server.adapters.sqlite import DataFolderError, SqliteStore, checking, database
from tests.adapters.sqlite_disk import FaultyDisk
from tests.contracts.actions import StoreActions


def open_restored(copy: Path, folder: Path) -> SqliteStore:
    folder.mkdir()
    copy.rename(folder / database.FILE_NAME)
    assert checking.check(folder).problems == []
    return SqliteStore(folder)


def names(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


async def test_backup_has_all_rows_and_gets_a_new_epoch(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "data")
    actions = StoreActions(store)
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", "ciao", "ciao 2")
    before = await actions.log("bob"), await actions.history("bob", "ann"), await actions.conversations("bob")
    copy = tmp_path / "copy"
    database.back_up(tmp_path / "data", copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["copy", "data"]
    await actions.send("ann", "bob", "after")

    other = open_restored(copy, tmp_path / "restored")
    theirs = StoreActions(other)
    assert (await theirs.log("bob"), await theirs.history("bob", "ann"), await theirs.conversations("bob")) == before
    assert await theirs.texts("bob", "ciao") == ["ciao 2", "ciao"]
    # A device that has seen later events must not resume on the copy.
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


async def test_backup_during_writes_is_a_consistent_snapshot(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "data")
    actions = StoreActions(store)
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", *["x" * 10_000] * 200)
    copying = asyncio.create_task(asyncio.to_thread(database.back_up, tmp_path / "data", tmp_path / "copy"))
    sent = 200
    while not copying.done() and sent < 5_000:
        await actions.send("ann", "bob", "ciao", "x" * 3_000)
        sent += 2
    await copying
    await store.close()
    other = open_restored(tmp_path / "copy", tmp_path / "restored")
    theirs = StoreActions(other)
    head = (await other.heads(["ann"]))["ann"]
    assert 200 <= head <= sent
    assert head % 2 == 0
    assert [event.seq for event in await theirs.log("bob")] == [*range(1, head + 1)]
    await other.close()


async def test_concurrent_writer_does_not_restart_backup(disk: FaultyDisk, folder: Path, tmp_path: Path) -> None:
    await SqliteStore(folder).close()
    source = str(folder / database.FILE_NAME)
    writer = apsw.Connection(source)
    # Larger than any step of a copy.
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


async def test_backup_never_overwrites_a_file(tmp_path: Path) -> None:
    await SqliteStore(tmp_path / "data").close()
    (tmp_path / "letter").write_text("dear mother")
    with pytest.raises(DataFolderError, match="already exists"):
        database.back_up(tmp_path / "data", tmp_path / "letter")
    assert (tmp_path / "letter").read_text() == "dear mother"


async def test_backup_errors_name_the_cause(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="there is no database"):
        database.back_up(tmp_path, tmp_path / "copy")
    await SqliteStore(tmp_path / "data").close()
    with pytest.raises(DataFolderError, match="can't be written"):
        database.back_up(tmp_path / "data", tmp_path / "no" / "such" / "folder")


async def test_partial_backup_is_deleted(disk: FaultyDisk, folder: Path, tmp_path: Path) -> None:
    await SqliteStore(folder).close()
    disk.fail_after(5)
    with pytest.raises(DataFolderError, match="the backup failed"):
        database.back_up(folder, tmp_path / "copy")
    disk.repair()
    assert not (tmp_path / "copy").exists()


async def test_revoked_at_is_read_from_the_folder(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="there is no database"):
        database.revoked_at(tmp_path, "ann")
    store = SqliteStore(tmp_path)
    await StoreActions(store).create_users("ann")
    assert database.revoked_at(tmp_path, "ann") == 0
    assert database.revoked_at(tmp_path, "zoe") is None
    await store.close()
    (tmp_path / database.FILE_NAME).write_bytes(b"no database " * 99)
    with pytest.raises(DataFolderError, match="can't be read"):
        database.revoked_at(tmp_path, "ann")
