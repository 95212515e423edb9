"""Declared rows (`bussa_server.domain.rows`): read by key inside the commit's transaction, written before its end.

Nothing is cached: a transaction or a savepoint that is rolled back takes the rows with it.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from bussa_server.adapters.sqlite.sql import Sql
from bussa_server.domain.rows import ROWS, ColumnType, Row, RowKey, Table
from bussa_server.domain.unit_of_work import UnitOfWork


class _Statements(NamedTuple):
    select: str
    put: str
    delete: str


@cache
def _statements(kind: type[Row]) -> _Statements:
    table = ROWS[kind]
    columns = select_list(table)
    key = ", ".join(column.name for column in table.key)
    by_key = " AND ".join(f"{column.name} = ?" for column in table.key)
    values = ", ".join("?" for _ in table.columns)
    changes = ", ".join(f"{column.name} = excluded.{column.name}" for column in table.rest)
    return _Statements(
        f"SELECT {columns} FROM {table.name} WHERE {by_key}",
        f"INSERT INTO {table.name} ({columns}) VALUES ({values}) ON CONFLICT ({key}) DO "
        + (f"UPDATE SET {changes}" if changes else "NOTHING"),
        f"DELETE FROM {table.name} WHERE {by_key}",
    )


def select_list(table: Table) -> str:
    """The columns of a table as `row_from_values` takes them."""
    return ", ".join(column.name for column in table.columns)


def row_from_values(table: Table, values: Sequence[Any]) -> Row:
    return table.row(
        *(
            bool(value) if column.type is ColumnType.BOOL and value is not None else value
            for column, value in zip(table.columns, values, strict=True)
        )
    )


def load_rows(connection: Sql, uow: UnitOfWork, keys: Iterable[RowKey]) -> None:
    for kind, key in keys:
        if (kind, key) not in uow.loaded_rows:
            values = connection.execute(_statements(kind).select, key).fetchone()
            uow.loaded_rows[kind, key] = None if values is None else row_from_values(ROWS[kind], values)


def save_rows(connection: Sql, uow: UnitOfWork) -> None:
    for (kind, key), row in uow.changed_rows.items():
        if (kind, key) in uow.loaded_rows and uow.loaded_rows[kind, key] == row:
            continue
        if row is None:
            connection.execute(_statements(kind).delete, key)
        else:
            connection.execute(_statements(kind).put, _values(row))


def _values(row: Row) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in row.__struct_fields__)
