"""Opening a data folder: the lock, schema migrations, the epoch, backups."""

import fcntl
import os
import re
import secrets
from contextlib import ExitStack, closing
from importlib import resources
from pathlib import Path

import apsw

from bussa_server.adapters.sqlite.sql import Sql, connect, copy

APPLICATION_ID = 0x42757373
"""`PRAGMA application_id`: marks the file as a Bussa database ("Buss")."""

FILE_NAME = "bussa.sqlite3"

BUSY_TIMEOUT_MILLIS = 5000
"""How long a statement waits for the lock of another process before it fails."""

# In older versions a WAL reset can corrupt the file (sqlite.org/wal.html, "the WAL-reset bug").
_OLDEST_SQLITE = (3, 51, 3)


class DataFolderError(Exception):
    """The data folder can't be used; the message says why and what to do."""


def migrations() -> list[tuple[int, str]]:
    """The migrations, (version, SQL), by version: 1, 2, 3, …"""
    steps: list[tuple[int, str]] = []
    for entry in resources.files("bussa_server.adapters.sqlite").joinpath("migrations").iterdir():
        named = re.fullmatch(r"(\d{4})_\w+\.sql", entry.name)
        if named:
            steps.append((int(named[1]), entry.read_text(encoding="utf-8")))
    return sorted(steps)


def lock_folder(folder: Path) -> int:
    """Create the folder if it is missing and lock it for this process. Returns the lock's file descriptor.

    Raises:
        DataFolderError: the folder can't be written, or another process uses it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataFolderError(f"the data folder {folder} can't be written: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise DataFolderError(f"the data folder {folder} is in use by another Bussa server") from error
    return lock


def unlock_folder(lock: int) -> None:
    """Release the lock of `lock_folder`."""
    os.close(lock)


def open_for_writing(path: Path) -> tuple[Sql, str]:
    """Open or create the file and migrate its schema. Returns the connection and the epoch.

    Raises:
        DataFolderError: not a Bussa database, of a newer version, damaged, or not writable.
    """
    if tuple(int(part) for part in apsw.sqlite_lib_version().split(".")) < _OLDEST_SQLITE:
        raise DataFolderError(f"SQLite {apsw.sqlite_lib_version()} is too old; 3.51.3 or newer is needed")
    with ExitStack() as cleanup:
        try:
            if not path.exists():
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = connect(path)
            cleanup.callback(connection.close)
            connection.set_busy_timeout(BUSY_TIMEOUT_MILLIS)
            _check_file(connection, path)  # before the first write: a foreign file stays as it is
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            connection.pragma("temp_store", "memory")
            # A checkpoint every 16 MiB of write-ahead log; the default of 4 MiB checkpoints every second under load.
            connection.pragma("wal_autocheckpoint", 4000)
            connection.pragma("cache_size", -65536)
            epoch = _migrate(connection)
        except apsw.NotADBError as error:
            raise DataFolderError(f"{path} is not a SQLite database, or is damaged") from error
        except (apsw.Error, OSError) as error:
            raise DataFolderError(f"{path} can't be opened: {error}") from error
        cleanup.pop_all()
    return connection, epoch


def open_for_reading(path: Path) -> Sql:
    connection = connect(path, flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(BUSY_TIMEOUT_MILLIS)
    connection.pragma("query_only", 1)
    connection.pragma("cache_size", -16384)
    return connection


def _check_file(connection: Sql, path: Path) -> None:
    """Check that the file is empty, or a Bussa database that is not newer than this program."""
    version, newest_version = int(connection.pragma("user_version")), migrations()[-1][0]
    ours = connection.pragma("application_id") == APPLICATION_ID
    if not ours and (version or connection.execute("SELECT count(*) FROM sqlite_schema").get):
        raise DataFolderError(f"{path} is not a Bussa database")
    if version > newest_version:
        raise DataFolderError(
            f"{path} needs a newer Bussa (its schema has version {version}; this server is for version"
            f" {newest_version})"
        )


def _migrate(connection: Sql) -> str:
    """Apply the missing steps, each in one transaction. Returns the epoch."""
    version = int(connection.pragma("user_version"))
    for step, sql in migrations():
        if step > version:
            with connection:
                connection.execute(sql).fetchall()  # fetched, because otherwise execution stops at the first row
                connection.pragma("application_id", APPLICATION_ID)
                connection.pragma("user_version", step)
    epoch: str | None = connection.execute("SELECT value FROM meta WHERE name = 'epoch'").get
    if epoch is None:
        epoch = secrets.token_hex(8)
        connection.execute("INSERT INTO meta VALUES ('epoch', ?)", (epoch,))
    return epoch


def back_up(folder: Path, destination: Path) -> None:
    """Copy the database of a folder into a new file, also while a server uses the folder.

    The copy has no epoch: the server that opens it begins a new one, because the copy lacks later events, and a
    device that has seen them must not resume on it.

    Raises:
        DataFolderError: there is no database, or the destination can't be written or exists.
    """
    source = folder / FILE_NAME
    if not source.exists():
        raise DataFolderError(f"there is no database in {folder}")
    try:
        # Created before it is filled, readable by its owner only: it holds private messages.
        os.close(os.open(destination, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise DataFolderError(f"{destination} already exists") from error
    except OSError as error:
        raise DataFolderError(f"{destination} can't be written: {error.strerror}") from error
    try:
        with closing(open_for_reading(source)) as reader, closing(connect(destination)) as target:
            copy(reader, target)
            target.execute("DELETE FROM meta WHERE name = 'epoch'")
    except apsw.Error as error:
        destination.unlink()  # a partial backup must not be mistaken for a backup
        raise DataFolderError(f"the backup failed: {error}") from error


def revoked_at(folder: Path, user: str) -> int | None:
    """The ``revoked_at`` (ms) of ``user``; None for an unknown user.

    Raises:
        DataFolderError: there is no database, or it can't be read.
    """
    path = folder / FILE_NAME
    if not path.exists():
        raise DataFolderError(f"there is no database in {folder}")
    try:
        with closing(open_for_reading(path)) as connection:
            return connection.execute("SELECT revoked_at FROM people WHERE id = ?", (user,)).get
    except apsw.Error as error:
        raise DataFolderError(f"{path} can't be read: {error}") from error
