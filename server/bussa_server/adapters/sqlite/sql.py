"""The part of an apsw connection that we use, typed: apsw's own stubs leave the values of rows unknown."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import apsw


class Cursor(Protocol):
    @property
    def get(self) -> Any:
        """All rows; without the outer list if there is one row, without the tuples if one column; None for no row."""
        ...

    def __iter__(self) -> Iterator[Any]: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Sql(Protocol):
    """A connection. As a context manager it is a transaction, or a savepoint inside one."""

    in_transaction: bool

    def execute(self, statements: str, bindings: Sequence[Any] = ...) -> Cursor: ...
    def executemany(self, statements: str, sequenceofbindings: Iterable[Sequence[Any]]) -> Cursor: ...
    def pragma(self, name: str, value: Any = ...) -> Any: ...
    def changes(self) -> int: ...
    def set_busy_timeout(self, milliseconds: int) -> None: ...
    def set_progress_handler(self, callable: Callable[[], bool] | None, nsteps: int) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> object: ...
    def __exit__(self, *exc: Any) -> Any: ...


def connect(path: Path, *, flags: int = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE) -> Sql:
    return cast(Sql, apsw.Connection(str(path), flags=flags))


def copy(source: Sql, destination: Sql) -> None:
    """Copy a whole database, also while it is written to (sqlite.org/backup.html).

    In one step, because a write between two steps restarts the copy: under load it would never finish.
    """
    from_, to = cast(apsw.Connection, source), cast(apsw.Connection, destination)
    with to.backup("main", from_, "main") as backup:
        backup.step()
