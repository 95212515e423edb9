"""Opening the data folder: one process at a time, the schema brought up to date, the epoch."""

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
"""`PRAGMA application_id`: tells our file from any other SQLite file ("Buss")."""

FILE_NAME = "bussa.sqlite3"

# Before it a WAL reset can corrupt the file (sqlite.org/wal.html, "the WAL-reset bug").
_OLDEST_SQLITE = (3, 51, 3)


class DataFolderError(Exception):
    """The data folder can't be used; the message says why and what would help."""


def migrations() -> list[tuple[int, str]]:
    """The steps of the schema: (version, SQL), ascending from 1 without holes."""
    steps: list[tuple[int, str]] = []
    for entry in resources.files("bussa_server.adapters.sqlite").joinpath("migrations").iterdir():
        named = re.fullmatch(r"(\d{4})_\w+\.sql", entry.name)
        if named:
            steps.append((int(named[1]), entry.read_text(encoding="utf-8")))
    return sorted(steps)


def lock_folder(folder: Path) -> int:
    """Create the folder where it is missing and lock it for this process; the lock lasts as long as the descriptor.

    Raises:
        DataFolderError: it can't be written, or another process serves it.
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
    """Let go of what `claim` has locked."""
    os.close(lock)


def open_for_writing(path: Path) -> tuple[Sql, str]:
    """Open the file, or make it, and bring its schema up to date. Returns the connection, and the log's epoch.

    Raises:
        DataFolderError: not ours, made by a newer version, damaged, or not writable.
    """
    if tuple(int(part) for part in apsw.sqlite_lib_version().split(".")) < _OLDEST_SQLITE:
        raise DataFolderError(f"SQLite {apsw.sqlite_lib_version()} is too old; 3.51.3 or newer is needed")
    with ExitStack() as cleanup:
        try:
            if not path.exists():
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = connect(path)
            cleanup.callback(connection.close)
            connection.set_busy_timeout(5000)
            _check_file(connection, path)  # before anything is written: what is not ours is left as it is
            connection.pragma("journal_mode", "wal")
            connection.pragma("synchronous", "full")
            connection.pragma("temp_store", "memory")
            # The log is folded into the file in steps of 16 MiB; the default 4 MiB folds under every second of load.
            connection.pragma("wal_autocheckpoint", 4000)
            connection.pragma("cache_size", -65536)
            epoch = _migrate(connection)
        except apsw.NotADBError as error:
            raise DataFolderError(f"{path} is not a SQLite database, or it is damaged") from error
        except (apsw.Error, OSError) as error:
            raise DataFolderError(f"{path} can't be opened: {error}") from error
        cleanup.pop_all()
    return connection, epoch


def open_for_reading(path: Path) -> Sql:
    connection = connect(path, flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(5000)
    connection.pragma("query_only", 1)
    connection.pragma("cache_size", -16384)
    return connection


def _check_file(connection: Sql, path: Path) -> None:
    """See that the file is empty, or ours and not newer than this program."""
    version, newest_version = int(connection.pragma("user_version")), migrations()[-1][0]
    ours = connection.pragma("application_id") == APPLICATION_ID
    if not ours and (version or connection.execute("SELECT count(*) FROM sqlite_schema").get):
        raise DataFolderError(f"{path} holds something else than a Bussa database")
    if version > newest_version:
        raise DataFolderError(
            f"{path} was made by a newer Bussa (schema {version}; this one knows up to {newest_version}): use that one"
        )


def _migrate(connection: Sql) -> str:
    """Take the steps that are missing, each one whole or not at all. Returns the epoch."""
    version = int(connection.pragma("user_version"))
    for step, sql in migrations():
        if step > version:
            with connection:
                connection.execute(sql).fetchall()  # to its end, whatever its statements return
                connection.pragma("application_id", APPLICATION_ID)
                connection.pragma("user_version", step)
    epoch: str | None = connection.execute("SELECT value FROM meta WHERE name = 'epoch'").get
    if epoch is None:
        epoch = secrets.token_hex(8)
        connection.execute("INSERT INTO meta VALUES ('epoch', ?)", (epoch,))
    return epoch


def back_up(folder: Path, destination: Path) -> None:
    """Copy the database of a folder, also while it is served, into a new file.

    The copy has no epoch: whoever serves it begins another one, because what was logged after the copy
    is not in it, and a device that saw it must not count on.

    Raises:
        DataFolderError: there is no database, or the destination can't be written or exists.
    """
    source = folder / FILE_NAME
    if not source.exists():
        raise DataFolderError(f"there is no database in {folder}")
    try:
        # Made before it is filled, and for its owner only: what people wrote is never anybody else's to read.
        os.close(os.open(destination, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise DataFolderError(f"{destination} exists already") from error
    except OSError as error:
        raise DataFolderError(f"{destination} can't be written: {error.strerror}") from error
    try:
        with closing(open_for_reading(source)) as reader, closing(connect(destination)) as target:
            copy(reader, target)
            target.execute("DELETE FROM meta WHERE name = 'epoch'")
    except apsw.Error as error:
        destination.unlink()  # half a backup is none, and must not be taken for one
        raise DataFolderError(f"the backup failed: {error}") from error


def revoked_at(folder: Path, user: str) -> int | None:
    """Since when tokens of ``user`` count (ms); None: there is no such user.

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
