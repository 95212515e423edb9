"""Declared rows (`bussa_server.domain.rows`): locked and read by key inside the commit's transaction, and written in
its last script.

One statement a table, its keys as arrays. Tables and keys have one order on all nodes. A lock needs a row: where there
is none yet, two nodes may both decide to add it. Then the later one meets the primary key and carries its batch out
again (`committing.CreatedConcurrentlyError`), so it sees the row of the other.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from msgspec import structs

from bussa_server.adapters.postgres.sql import Connection, bytea_array, execute_line, number_array
from bussa_server.domain.rows import ROWS, Column, ColumnType, KeyValue, Row, RowKey, Table, in_lock_order
from bussa_server.domain.unit_of_work import UnitOfWork

_PARAMETER = {
    ColumnType.ID: "text[]",
    ColumnType.TEXT: "bytea[]",
    ColumnType.INT: "bigint[]",
    ColumnType.BOOL: "boolean[]",
    ColumnType.BYTES: "bytea[]",
}
_LITERAL = _PARAMETER | {ColumnType.ID: "bytea[]"}
"""In a script an id is written as its UTF-8 (`bussa_server.adapters.postgres.sql`)."""


def _names(columns: Iterable[Column]) -> str:
    return ", ".join(column.name for column in columns)


def select_list(table: Table) -> str:
    """The columns of a table as `row_from_record` takes them."""
    return _names(table.columns)


@cache
def _select(kind: type[Row]) -> str:
    # LATERAL … FOR UPDATE: an index look-up for each key, in the order of the arrays, so that is the order of locking.
    table = ROWS[kind]
    asked = ", ".join(f"${number}::{_PARAMETER[column.type]}" for number, column in enumerate(table.key, 1))
    by_key = " AND ".join(f"{column.name} = asked.{column.name}" for column in table.key)
    return (
        f"SELECT found.* FROM unnest({asked}) AS asked ({_names(table.key)}) JOIN LATERAL"
        f" (SELECT {select_list(table)} FROM {table.name} WHERE {by_key} FOR UPDATE) found ON true"
    )


def prepared() -> str:
    """A script that prepares the statements of all tables."""
    return ";\n".join(statement for table in ROWS.values() for statement in _prepare(table))


def _prepare(table: Table) -> list[str]:
    rows, keys = _unnest(table.columns), _unnest(table.key)
    insert = f"INSERT INTO {table.name} ({_names(table.columns)}) SELECT {_converted(table.columns)} FROM {rows}"
    changes = ", ".join(f"{column.name} = excluded.{column.name}" for column in table.rest)
    by_key = " AND ".join(f"{table.name}.{column.name} = {_value(column)}" for column in table.key)
    return [
        f"PREPARE add_{table.name} ({_types(table.columns)}) AS {insert}",
        f"PREPARE put_{table.name} ({_types(table.columns)}) AS {insert} ON CONFLICT ({_names(table.key)}) DO "
        + (f"UPDATE SET {changes}" if changes else "NOTHING"),
        f"PREPARE remove_{table.name} ({_types(table.key)}) AS DELETE FROM {table.name} USING {keys} WHERE {by_key}",
    ]


def _types(columns: Iterable[Column]) -> str:
    return ", ".join(_LITERAL[column.type] for column in columns)


def _unnest(columns: Sequence[Column]) -> str:
    parameters = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    return f"unnest({parameters}) AS given ({_names(columns)})"


def _converted(columns: Iterable[Column]) -> str:
    return ", ".join(_value(column) for column in columns)


def _value(column: Column) -> str:
    given = f"given.{column.name}"
    return f"convert_from({given}, 'UTF8')" if column.type is ColumnType.ID else given


async def load_rows(connection: Connection, uow: UnitOfWork, keys: Iterable[RowKey]) -> None:
    """Lock and read the rows of ``keys``, which are in the order of `in_lock_order`.

    Raises:
        UnicodeEncodeError: a key holds half a surrogate pair.
    """
    for kind, group in groupby(keys, key=lambda named: named[0]):
        table = ROWS[kind]
        named = [key for _, key in group]
        uow.loaded_rows.update({(kind, key): None for key in named})
        possible = [key for key in named if _storable(table, key)]
        arrays = [[_parameter(column, key[place]) for key in possible] for place, column in enumerate(table.key)]
        for record in await connection.fetch(_select(kind), *arrays):
            row = row_from_record(table, record)
            uow.loaded_rows[kind, table.key_of(row)] = row


def _storable(table: Table, key: tuple[KeyValue, ...]) -> bool:
    """Whether there can be such a row: PostgreSQL's text can't hold a U+0000, nor a bigint more than 64 bits."""
    for column, value in zip(table.key, key, strict=True):
        if column.type is ColumnType.ID and "\0" in str(value):
            return False
        if column.type is ColumnType.INT and not -(2**63) <= int(value) < 2**63:
            return False
    return True


def _parameter(column: Column, value: KeyValue) -> KeyValue:
    return value.encode() if column.type is ColumnType.TEXT and isinstance(value, str) else value


def row_from_record(table: Table, record: Sequence[Any]) -> Row:
    return table.row(
        *(
            value.decode() if column.type is ColumnType.TEXT and value is not None else value
            for column, value in zip(table.columns, record, strict=True)
        )
    )


def save_rows(uow: UnitOfWork) -> list[str]:
    """The lines of a script that write what has changed of the declared rows.

    Raises:
        UnicodeEncodeError: a text holds half a surrogate pair.
    """
    script: list[str] = []
    for kind, keys in groupby(in_lock_order(uow.changed_rows), key=lambda named: named[0]):
        table = ROWS[kind]
        added: list[Row] = []
        replaced: list[Row] = []
        removed: list[tuple[KeyValue, ...]] = []
        for name in keys:
            row, known = uow.changed_rows[name], name in uow.loaded_rows
            before = uow.loaded_rows.get(name)
            if known and row == before:
                continue
            if row is None:
                removed.append(name[1])
            else:
                (added if known and before is None else replaced).append(row)
        for statement, rows in (("add", added), ("put", replaced)):
            if rows:
                values = [structs.astuple(row) for row in rows]
                script.append(execute_line(f"{statement}_{table.name}", *_literals(table.columns, values)))
        if removed:
            script.append(execute_line(f"remove_{table.name}", *_literals(table.key, removed)))
    return script


def _literals(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> list[str]:
    numbers = (ColumnType.INT, ColumnType.BOOL)
    return [
        (number_array if column.type in numbers else bytea_array)(row[place] for row in rows)
        for place, column in enumerate(columns)
    ]


def is_primary_key(constraint: str | None) -> bool:
    """Whether the name is that of a declared table's primary key, as PostgreSQL names it by default."""
    return constraint in {f"{table.name}_pkey" for table in ROWS.values()}
