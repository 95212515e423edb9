"""Declared rows: a table outside the hot core is a class, and every store knows what to do with it.

    @declared(table="timers", key=("kind", "key"))
    class Timer(Row, frozen=True, gc=False):
        kind: Id
        key: str
        due: int
        payload: bytes | None = None

The first fields are the key. A command names the rows that it needs (`bussa_server.domain.handlers.rows_of`); the
store loads them inside the commit, its handler reads and replaces them on the `UnitOfWork`, and the store writes what
changed. The ``CREATE TABLE`` stands in a migration of each store. A table may have further columns with a default;
a store neither reads nor changes them.

| annotation                   | SQLite  | PostgreSQL                               |
| ---------------------------- | ------- | ---------------------------------------- |
| `Id`, a ``Literal`` of texts | TEXT    | text COLLATE "C"; can't hold a U+0000    |
| ``str``                      | TEXT    | bytea (UTF-8)                            |
| ``int`` (64 bits)            | INTEGER | bigint                                   |
| ``bool``                     | INTEGER | boolean                                  |
| ``bytes``, JSON for instance | BLOB    | bytea                                    |

Each may be optional (``int | None``), but for the key.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from types import NoneType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from msgspec import Struct, structs


class ColumnType(Enum):
    ID = auto()
    TEXT = auto()
    INT = auto()
    BOOL = auto()
    BYTES = auto()


Id = Annotated[str, ColumnType.ID]
"""An id, or another word that is never free text."""

KeyValue = str | int | bytes
"""A value of a key's column; a ``bool`` is an ``int``."""


class Row(Struct, frozen=True):
    """The base of declared rows. A row never changes: another one is put in its place."""


R = TypeVar("R", bound=Row)
RowKey = tuple[type[Row], tuple[KeyValue, ...]]
"""Names one row: its class, and the values of its key."""


class RowNotLoadedError(Exception):
    """A handler has read a row that its command does not name in `rows_of`."""


class Column(NamedTuple):
    name: str
    type: ColumnType
    optional: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Where the rows of a class are kept."""

    row: type[Row]
    name: str
    columns: tuple[Column, ...]
    """In the order of the class's fields, those of the key first."""
    key_length: int

    @property
    def key(self) -> tuple[Column, ...]:
        return self.columns[: self.key_length]

    @property
    def rest(self) -> tuple[Column, ...]:
        """The columns outside the key."""
        return self.columns[self.key_length :]

    def key_of(self, row: Row) -> tuple[KeyValue, ...]:
        return structs.astuple(row)[: self.key_length]


ROWS: dict[type[Row], Table] = {}
"""Every declared class."""


def declared(*, table: str, key: tuple[str, ...]) -> Callable[[type[R]], type[R]]:
    """Declare the rows of a table; ``key`` names its primary key, which are the first fields of the class."""

    def declare(row: type[R]) -> type[R]:
        ROWS[row] = _table(row, table, key)
        return row

    return declare


def in_lock_order(keys: Iterable[RowKey]) -> list[RowKey]:
    """The rows in the order in which every node locks and writes them: two that wait for each other never do so in
    a circle."""
    return sorted(keys, key=lambda key: (ROWS[key[0]].name, key[1]))


def _table(row: type[Row], name: str, key: tuple[str, ...]) -> Table:
    fields = row.__struct_fields__
    assert key, f"{name} has no key"
    assert fields[: len(key)] == key, f"the key of {name} must be its first fields"
    for identifier in (name, *fields):
        # They stand in statements as they are.
        assert re.fullmatch(r"[a-z][a-z0-9_]*", identifier), f"{identifier!r} is no name for a table or a column"
    hints = get_type_hints(row, include_extras=True)
    columns = tuple(_column(field, hints[field]) for field in fields)
    assert not any(column.optional for column in columns[: len(key)]), f"the key of {name} must not be optional"
    return Table(row, name, columns, len(key))


_TYPES: dict[Any, ColumnType] = {
    Id: ColumnType.ID,
    str: ColumnType.TEXT,
    int: ColumnType.INT,
    bool: ColumnType.BOOL,
    bytes: ColumnType.BYTES,
}


def _column(name: str, annotation: Any) -> Column:
    choices = [annotation] if annotation in _TYPES or get_origin(annotation) is Literal else list(get_args(annotation))
    optional = NoneType in choices
    kinds = [choice for choice in choices if choice is not NoneType]
    assert len(kinds) == 1, f"no column can hold {annotation}"
    found = ColumnType.ID if get_origin(kinds[0]) is Literal else _TYPES.get(kinds[0])
    assert found is not None, f"no column can hold {annotation}"
    return Column(name, found, optional)
