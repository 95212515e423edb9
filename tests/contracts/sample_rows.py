"""A declared row with a column of every type, and commands that do anything at all to rows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from msgspec import Struct

from bussa_server.adapters.postgres import database as postgres_database
from bussa_server.adapters.sqlite import database as sqlite_database
from bussa_server.domain import handlers
from bussa_server.domain.commands import Command
from bussa_server.domain.principal import Principal
from bussa_server.domain.rows import ROWS, Id, Row, RowKey, declared
from bussa_server.domain.timers import Timer
from bussa_server.domain.unit_of_work import Done, Outcome, UnitOfWork
from tests.commands import as_user


class Sample(Row, frozen=True, gc=False):
    owner: Id
    name: str
    number: int
    flag: bool
    raw: bytes
    word: Id
    text: str
    count: int
    yes: bool
    blob: bytes
    choice: Literal["one", "two"] | None = None
    maybe_word: Id | None = None
    maybe_text: str | None = None
    maybe_count: int | None = None
    maybe_yes: bool | None = None
    maybe_blob: bytes | None = None


_COLUMNS = {
    "sqlite": "owner TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL, flag INTEGER NOT NULL,"
    " raw BLOB NOT NULL, word TEXT NOT NULL, text TEXT NOT NULL, count INTEGER NOT NULL, yes INTEGER NOT NULL,"
    " blob BLOB NOT NULL, choice TEXT, maybe_word TEXT, maybe_text TEXT, maybe_count INTEGER, maybe_yes INTEGER,"
    " maybe_blob BLOB, beside INTEGER NOT NULL DEFAULT 7, PRIMARY KEY (owner, name, number, flag, raw)",
    "postgres": 'owner text COLLATE "C" NOT NULL, name bytea NOT NULL, number bigint NOT NULL, flag boolean NOT NULL,'
    " raw bytea NOT NULL, word text NOT NULL, text bytea NOT NULL, count bigint NOT NULL, yes boolean NOT NULL,"
    " blob bytea NOT NULL, choice text, maybe_word text, maybe_text bytea, maybe_count bigint, maybe_yes boolean,"
    " maybe_blob bytea, beside bigint NOT NULL DEFAULT 7, PRIMARY KEY (owner, name, number, flag, raw)",
}


class TouchRequest(Struct):
    """Names some rows and does something to them; it is answered with what that returns."""

    keys: list[RowKey]
    change: Callable[[UnitOfWork], Any]


def touch(keys: list[RowKey], change: Callable[[UnitOfWork], Any]) -> Command:
    return as_user("", TouchRequest(keys, change))


def _touch(uow: UnitOfWork, principal: Principal, request: TouchRequest, now: int) -> Outcome:
    result: Any = request.change(uow)
    return Outcome(Done() if result is None else result)


async def set_timers(store: Any, *timers: Timer) -> None:
    """Set timers in one commit."""

    def change(uow: UnitOfWork) -> None:
        for timer in timers:
            uow.set_timer(timer.kind, timer.key, timer.due, timer.payload)

    (outcome,) = await store.commit([touch([], change)], 0)
    assert isinstance(outcome, Outcome), outcome


@contextmanager
def with_touch() -> Iterator[None]:
    """`TouchRequest` has a handler."""
    with pytest.MonkeyPatch.context() as patch:
        handler = handlers.Handler(_touch, lambda request: None, lambda principal, request: request.keys, "touch")
        patch.setitem(handlers.HANDLERS, TouchRequest, handler)
        yield


@contextmanager
def sample_rows() -> Iterator[None]:
    """`Sample` is declared, has its table in every store that is opened, and `TouchRequest` has a handler."""
    steps = sqlite_database.migrations()
    sqlite_steps = [*steps, (steps[-1][0] + 1, f"CREATE TABLE samples ({_COLUMNS['sqlite']})")]
    last = postgres_database.migrations()
    step = postgres_database.Step(last[-1].version + 1, 1, f"CREATE TABLE samples ({_COLUMNS['postgres']})")
    with pytest.MonkeyPatch.context() as patch:
        # Declared first and then taken away by the patch: `ROWS` is as before at the end.
        patch.setitem(ROWS, Sample, None)
        declared(table="samples", key=("owner", "name", "number", "flag", "raw"))(Sample)
        patch.setattr(sqlite_database, "migrations", lambda: sqlite_steps)
        patch.setattr(postgres_database, "migrations", lambda: [*last, step])
        with with_touch():
            yield
