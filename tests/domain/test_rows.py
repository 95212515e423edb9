"""Declaring rows, and what a unit of work does with them."""

from typing import Any

import pytest

from bussa_server.domain.relations import AbuseReport, FollowEdge
from bussa_server.domain.rows import (
    ROWS,
    Column,
    ColumnType,
    Id,
    Row,
    RowKey,
    RowNotLoadedError,
    declared,
    in_lock_order,
)
from bussa_server.domain.timers import Timer
from bussa_server.domain.unit_of_work import UnitOfWork


def test_declared_class_names_its_table_and_columns() -> None:
    table = ROWS[AbuseReport]
    assert table.name == "abuse_reports"
    assert [column.name for column in table.key] == ["reporter", "peer", "n", "reason"]
    assert table.rest == (Column("at", ColumnType.INT, False),)
    assert table.key_of(AbuseReport("ann", "bob", 0, "spam", 1)) == ("ann", "bob", 0, "spam")
    assert ROWS[Timer].columns[3] == Column("payload", ColumnType.BYTES, True)


class Keyed(Row, frozen=True):
    id: Id
    number: int | None = None


class Unstorable(Row, frozen=True):
    id: Id
    ratio: float


class Ambiguous(Row, frozen=True):
    id: Id
    either: int | str


class Quoted(Row, frozen=True):
    id: Id
    Name: str


@pytest.mark.parametrize(
    ("kind", "table", "key", "complaint"),
    [
        (Keyed, "keyed", (), "no key"),
        (Keyed, "keyed", ("number",), "first fields"),
        (Keyed, "keyed", ("id", "number"), "optional"),
        (Keyed, "keyed; DROP TABLE people", ("id",), "no name"),
        (Quoted, "quoted", ("id",), "no name"),
        (Unstorable, "unstorable", ("id",), "no column can hold"),
        (Ambiguous, "ambiguous", ("id",), "no column can hold"),
    ],
)
def test_declaration_that_no_store_can_keep_is_refused(
    kind: Any, table: str, key: tuple[str, ...], complaint: str
) -> None:
    with pytest.raises(AssertionError, match=complaint):
        declared(table=table, key=key)(kind)
    assert kind not in ROWS


def test_lock_order_is_by_table_and_key() -> None:
    keys: list[RowKey] = [
        (Timer, ("a", "b")),
        (FollowEdge, ("b", "a")),
        (FollowEdge, ("a", "c")),
        (AbuseReport, ("z", "z", 9, "spam")),
        (AbuseReport, ("z", "z", 10, "spam")),
    ]
    expected = [keys[3], keys[4], keys[2], keys[1], keys[0]]
    assert in_lock_order(keys) == in_lock_order(reversed(keys)) == expected


def test_row_is_read_as_it_was_left_last() -> None:
    stored, later = Timer("snooze", "ann", 5), Timer("snooze", "ann", 9, b"{}")
    uow = UnitOfWork(loaded_rows={(Timer, ("snooze", "ann")): stored, (Timer, ("snooze", "bob")): None})
    assert uow.row(Timer, "snooze", "ann") is stored
    assert uow.row(Timer, "snooze", "bob") is None
    uow.set_timer("snooze", "ann", 9, b"{}")
    assert uow.row(Timer, "snooze", "ann") == later
    uow.cancel_timer("snooze", "ann")
    assert uow.row(Timer, "snooze", "ann") is None


def test_row_that_was_not_asked_for_can_not_be_read() -> None:
    uow = UnitOfWork()
    uow.set_timer("snooze", "ann", 9)
    with pytest.raises(RowNotLoadedError, match="Timer"):
        uow.row(Timer, "snooze", "ann")
