"""Opening a data folder: migrations, the lock, and files that are refused with a clear message and left unchanged."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from bussa_server.adapters.sqlite import DataFolderError, SqliteStore, database
from bussa_server.adapters.sqlite.sql import Sql
from tests.contracts.actions import StoreActions

# The first statement returns a row; the statements after it must be executed all the same.
CREATE_LATER = "SELECT 1; CREATE TABLE later (word TEXT NOT NULL);"


def newest() -> int:
    return database.migrations()[-1][0]


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(path))
    found = connection.execute(query).fetchall()
    connection.close()
    return found


def create_other_database(path: Path, *statements: str) -> None:
    connection = apsw.Connection(str(path))
    for statement in statements:
        connection.execute(statement)
    connection.close()


def refusal(folder: Path) -> str:
    with pytest.raises(DataFolderError) as caught:
        SqliteStore(folder)
    return str(caught.value)


# Migrating.


def test_migrations_are_numbered_without_holes() -> None:
    assert [step for step, _ in database.migrations()] == [*range(1, newest() + 1)]


async def test_missing_folder_is_created_with_schema(tmp_path: Path) -> None:
    folder = tmp_path / "some" / "where"
    store = SqliteStore(folder)
    await StoreActions(store).create_users("ann")
    await store.close()
    path = folder / database.FILE_NAME
    assert rows(path, "PRAGMA user_version") == [(newest(),)]
    assert rows(path, "PRAGMA application_id") == [(database.APPLICATION_ID,)]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


async def test_older_database_is_migrated_and_keeps_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(tmp_path)
    actions = StoreActions(store)
    await actions.create_users("ann", "bob")
    await actions.send("ann", "bob", "before")
    epoch = store.epoch
    await store.close()

    later = [*database.migrations(), (newest() + 1, CREATE_LATER), (newest() + 2, "INSERT INTO later VALUES ('x')")]
    monkeypatch.setattr(database, "migrations", lambda: later)
    again = SqliteStore(tmp_path)
    assert again.epoch == epoch
    await StoreActions(again).send("bob", "ann", "after")
    assert [message.text for message in await StoreActions(again).history("ann", "bob")] == ["before", "after"]
    await again.close()
    path = tmp_path / database.FILE_NAME
    assert rows(path, "PRAGMA user_version") == [(newest(),)]
    assert rows(path, "SELECT word FROM later") == [("x",)]


@pytest.mark.parametrize("known", range(1, newest() + 1))
async def test_every_older_schema_can_be_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: int) -> None:
    with monkeypatch.context() as patched:
        steps = database.migrations()[:known]
        patched.setattr(database, "migrations", lambda: steps)
        connection, epoch = database.open_for_writing(tmp_path / database.FILE_NAME)
        connection.close()
    store = SqliteStore(tmp_path)
    assert store.epoch == epoch
    await StoreActions(store).create_users("ann")
    await store.close()
    assert rows(tmp_path / database.FILE_NAME, "PRAGMA user_version") == [(newest(),)]


async def test_follows_survive_the_second_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        steps = database.migrations()[:1]
        patched.setattr(database, "migrations", lambda: steps)
        connection, _ = database.open_for_writing(tmp_path / database.FILE_NAME)
        for key, user in enumerate(["zoe", "ann", "bob"], 1):  # keys and ids in different orders
            connection.execute("INSERT INTO people VALUES (?, ?, '', 'anyone', 1, 1, NULL, 0)", (key, user))
        connection.execute("INSERT INTO follows VALUES (1, 3), (1, 2), (2, 3)")
        connection.close()
    store = SqliteStore(tmp_path)
    actions = StoreActions(store)
    assert await actions.users("zoe", followers=False) == ["ann", "bob"]
    assert await actions.users("bob", followers=True) == ["ann", "zoe"]
    assert await actions.users("bob", followers=False) == []
    await store.close()


async def test_failed_migration_is_rolled_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await SqliteStore(tmp_path).close()
    path, version = tmp_path / database.FILE_NAME, newest()
    with monkeypatch.context() as patched:
        steps = [*database.migrations(), (version + 1, CREATE_LATER + " INSERT INTO nowhere VALUES (1);")]
        patched.setattr(database, "migrations", lambda: steps)
        assert "nowhere" in refusal(tmp_path)
    assert rows(path, "PRAGMA user_version") == [(version,)]
    assert rows(path, "SELECT 1 FROM sqlite_schema WHERE name = 'later'") == []
    # The folder's lock was released.
    await SqliteStore(tmp_path).close()


async def test_a_newer_database_is_refused_and_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = newest()
    with monkeypatch.context() as patched:
        steps = [*database.migrations(), (version + 1, CREATE_LATER)]
        patched.setattr(database, "migrations", lambda: steps)
        await SqliteStore(tmp_path).close()
    before = (tmp_path / database.FILE_NAME).read_bytes()
    message = refusal(tmp_path)
    assert f"newer Bussa (its schema has version {version + 1}; this server is for version {version})" in message
    assert (tmp_path / database.FILE_NAME).read_bytes() == before


def test_connections_have_the_pragmas_of_their_role(tmp_path: Path) -> None:
    def settings(connection: Sql, *names: str) -> dict[str, object]:
        return {name: connection.pragma(name) for name in names}

    path = tmp_path / database.FILE_NAME
    writer, _ = database.open_for_writing(path)
    assert settings(writer, "journal_mode", "synchronous", "temp_store", "wal_autocheckpoint", "cache_size") == {
        "journal_mode": "wal",
        "synchronous": 2,
        "temp_store": 2,
        "wal_autocheckpoint": 4000,
        "cache_size": -65536,
    }
    reader = database.open_for_reading(path)
    assert settings(reader, "query_only", "cache_size") == {"query_only": 1, "cache_size": -16384}
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("DELETE FROM people")
    reader.close()
    writer.close()


# Other files.


@pytest.mark.parametrize(
    "make",
    [
        lambda path: create_other_database(path, "CREATE TABLE theirs (x)"),
        lambda path: create_other_database(path, "CREATE TABLE theirs (x)", "PRAGMA user_version = 1"),
        lambda path: create_other_database(path, "CREATE TABLE theirs (x)", "PRAGMA user_version = 99"),
        lambda path: create_other_database(path, "CREATE TABLE theirs (x)", "PRAGMA application_id = 7"),
        lambda path: create_other_database(path, "PRAGMA user_version = 1"),
    ],
    ids=["tables", "tables of a version", "tables of a high version", "another application", "a version alone"],
)
def test_another_database_is_refused_and_left_as_it_is(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / database.FILE_NAME
    make(path)
    before = path.read_bytes()
    assert "is not a Bussa database" in refusal(tmp_path)
    assert path.read_bytes() == before
    assert sorted(found.name for found in tmp_path.iterdir()) == [database.FILE_NAME, "lock"]


@pytest.mark.parametrize(
    "content", [b"a text of some length, and no database at all\n" * 99, b"SQLite format 3\0" * 99]
)
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / database.FILE_NAME
    path.write_bytes(content)
    assert "is not a SQLite database, or is damaged" in refusal(tmp_path)
    assert path.read_bytes() == content


async def test_damaged_database_is_refused_with_a_message(tmp_path: Path) -> None:
    await SqliteStore(tmp_path).close()
    path = tmp_path / database.FILE_NAME
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 5000)
    assert str(path) in refusal(tmp_path)


def test_empty_file_is_treated_as_missing(tmp_path: Path) -> None:
    (tmp_path / database.FILE_NAME).touch()
    connection, _ = database.open_for_writing(tmp_path / database.FILE_NAME)
    connection.close()


# Folders and files that can't be opened.


def test_folder_that_cannot_be_created_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "can't be written" in refusal(tmp_path / "file")
    assert "can't be written" in refusal(tmp_path / "file" / "folder")


def test_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    assert "can't be written" in refusal(tmp_path)


def test_file_that_cannot_be_opened_releases_the_folder_lock(tmp_path: Path) -> None:
    (tmp_path / database.FILE_NAME).mkdir()
    for _ in range(2):
        assert "can't be opened" in refusal(tmp_path)


def run_other_process(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, pathlib; from bussa_server.adapters.sqlite import database;"
            "database.lock_folder(pathlib.Path(sys.argv[1])); print('locked', flush=True); sys.stdin.read()",
            str(folder),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )


async def test_folder_is_locked_for_one_process(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    assert "in use by another Bussa server" in refusal(tmp_path)
    await store.close()
    with run_other_process(tmp_path) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        assert "in use by another Bussa server" in refusal(tmp_path)
        other.kill()
    # The lock of a killed process is released.
    await SqliteStore(tmp_path).close()
