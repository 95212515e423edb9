"""Declared rows, each class on each store: written in a commit, read in a later one, undone with what fails."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from types import UnionType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import apsw
import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from bussa_server.adapters.postgres import PostgresStore
from bussa_server.domain.commands import Command
from bussa_server.domain.relations import AbuseReport, FollowEdge
from bussa_server.domain.rows import ROWS, Id, Row, RowKey, RowNotLoadedError
from bussa_server.domain.unit_of_work import Done, MessageSent, Outcome, UnitOfWork
from bussa_server.ports.store import Faulted, Store
from tests import commands
from tests.contracts.actions import NOW, StoreActions, result
from tests.contracts.sample_rows import Sample, sample_rows, touch
from tests.contracts.store_backends import BACKENDS, SqliteBackend, StoreBackend
from tests.postgres import fresh_database

DECLARED = [*ROWS, Sample]
MIN, MAX = -(2**63), 2**63 - 1

id_values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
text_values = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(["\0", "a\0b", "", "👋"])
int_values = st.integers(MIN, MAX) | st.sampled_from([MIN, -1, 0, 1, MAX])
byte_values = st.binary(max_size=8) | st.sampled_from([b"", b"\0", b'{"a":1}', b"\\x'"])

VALUES: dict[Any, st.SearchStrategy[Any]] = {
    Id: id_values,
    str: text_values,
    int: int_values,
    bool: st.booleans(),
    bytes: byte_values,
    type(None): st.none(),
}


def values_of(annotation: Any) -> st.SearchStrategy[Any]:
    if annotation in VALUES:
        return VALUES[annotation]
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    assert get_origin(annotation) is UnionType or len(get_args(annotation)) > 1
    return st.one_of(*map(values_of, get_args(annotation)))


def rows(kind: type[Row]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(kind, *(values_of(hints[name]) for name in kind.__struct_fields__))


def key_of(row: Row) -> RowKey:
    return type(row), ROWS[type(row)].key_of(row)


def changed(row: Row, like: Row) -> Row:
    """The row with the key of ``row`` and everything else of ``like``."""
    table = ROWS[type(row)]
    return structs.replace(row, **{column.name: getattr(like, column.name) for column in table.rest})


def put(*all_rows: Row, asked: bool = True) -> Command:
    def change(uow: UnitOfWork) -> None:
        for row in all_rows:
            uow.put(row)

    return touch([key_of(row) for row in all_rows] if asked else [], change)


def delete(*keys: RowKey, asked: bool = True) -> Command:
    def change(uow: UnitOfWork) -> None:
        for kind, key in keys:
            uow.delete(kind, *key)

    return touch(list(keys) if asked else [], change)


def read(*keys: RowKey) -> Command:
    return touch(list(keys), lambda uow: [uow.row(kind, *key) for kind, key in keys])


def add_one(row: Sample) -> Command:
    def change(uow: UnitOfWork) -> None:
        found = uow.row(Sample, *key_of(row)[1])
        uow.put(row if found is None else structs.replace(found, count=found.count + 1))

    return touch([key_of(row)], change)


def fail(*all_rows: Row) -> Command:
    """Puts rows, and fails then."""

    def change(uow: UnitOfWork) -> None:
        put(*all_rows).change(uow)
        raise ZeroDivisionError

    return touch([key_of(row) for row in all_rows], change)


SAMPLE = Sample("ann", "a\0b", 1, True, b"\0", "word", "text\0", 1, False, b"blob")


@pytest.fixture(scope="module", autouse=True)
def samples() -> Iterator[None]:
    with sample_rows():
        yield


@pytest.fixture(params=BACKENDS)
async def store_backend(request: pytest.FixtureRequest, tmp_path: Path, samples: None) -> AsyncIterator[StoreBackend]:
    async with BACKENDS[request.param](tmp_path / "data") as store_backend:
        yield store_backend


async def do(store: Store, *batch: Any) -> list[Any]:
    return [result(outcome) for outcome in await store.commit(batch, NOW)]


def types_of(found: list[Row]) -> list[list[type]]:
    return [[type(value) for value in structs.astuple(row)] for row in found]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("kind", DECLARED, ids=lambda kind: kind.__name__)
async def test_row_is_put_changed_and_deleted(kind: type[Row], data: st.DataObject, store: Store) -> None:
    some = data.draw(st.lists(rows(kind), min_size=1, max_size=4, unique_by=key_of))
    like, asked = data.draw(rows(kind)), data.draw(st.booleans())
    keys = [key_of(row) for row in some]
    for wanted in (some, [changed(row, like) for row in some]):
        await do(store, put(*wanted, asked=asked))
        (found,) = await do(store, read(*keys))
        assert found == wanted
        # False is equal to 0.
        assert types_of(found) == types_of(wanted)
    await do(store, delete(keys[0], asked=asked))
    assert await do(store, read(*keys)) == [[None, *found[1:]]]
    await do(store, delete(*keys, asked=asked))
    assert await do(store, read(*keys)) == [[None] * len(keys)]


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("kind", DECLARED, ids=lambda kind: kind.__name__)
async def test_rows_survive_a_restart(kind: type[Row], data: st.DataObject, store_backend: StoreBackend) -> None:
    row = data.draw(rows(kind))
    store = await store_backend.open()
    await do(store, put(row))
    await store.close()
    store = await store_backend.open()
    assert await do(store, read(key_of(row))) == [[row]]
    await store.close()


async def test_commands_of_one_batch_see_each_others_rows(store: Store) -> None:
    key = key_of(SAMPLE)
    again = structs.replace(SAMPLE, text="again")
    seen = await do(
        store, read(key), put(SAMPLE), read(key), put(again), read(key), delete(key), read(key), add_one(again)
    )
    assert [found for found in seen if isinstance(found, list)] == [[None], [SAMPLE], [again], [None]]
    assert await do(store, read(key)) == [[again]]
    await do(store, put(SAMPLE), delete(key))
    assert await do(store, read(key)) == [[None]]


async def test_row_that_was_not_asked_for_can_not_be_read(store: Store) -> None:
    key = key_of(SAMPLE)
    (outcome,) = await store.commit([touch([], read(key).request.change)], NOW)
    assert isinstance(outcome, Faulted)
    assert isinstance(outcome.error, RowNotLoadedError)
    assert "Sample" in str(outcome.error)


async def test_failing_command_rolls_back_its_rows_alone(store: Store) -> None:
    first, second, third = (structs.replace(SAMPLE, number=number) for number in range(3))
    key = key_of(first)
    await do(store, put(first))
    outcomes = await store.commit(
        [put(structs.replace(first, count=2)), fail(structs.replace(first, count=3), second), put(third), read(key)],
        NOW,
    )
    assert [isinstance(outcome, Faulted) for outcome in outcomes] == [False, True, False, False]
    assert result(outcomes[3]) == [structs.replace(first, count=2)]
    keys = [key_of(row) for row in (first, second, third)]
    assert await do(store, read(*keys)) == [[structs.replace(first, count=2), None, third]]


async def test_unstorable_value_fails_alone_or_round_trips(store: Store) -> None:
    for bad in (
        structs.replace(SAMPLE, text="half \ud83d"),
        structs.replace(SAMPLE, name="half \ud83d"),
        structs.replace(SAMPLE, count=MAX + 1),
        structs.replace(SAMPLE, number=MIN - 1),
        structs.replace(SAMPLE, word="a\0b"),
        structs.replace(SAMPLE, owner="a\0b"),
    ):
        good = structs.replace(SAMPLE, number=2)
        outcomes = await store.commit([put(good), put(bad)], NOW)
        assert not isinstance(outcomes[0], Faulted)
        assert await do(store, read(key_of(good))) == [[good]]
        if not isinstance(outcomes[1], Faulted):
            assert await do(store, read(key_of(bad))) == [[bad]]
        await do(store, delete(key_of(good)))


async def test_rows_and_messages_are_committed_together(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    send = actions.message("ann", "bob")
    sent, _ = await do(actions.store, send, put(SAMPLE))
    assert isinstance(sent, MessageSent)
    assert await do(actions.store, send, read(key_of(SAMPLE))) == [sent, [SAMPLE]]


async def test_follow_is_kept_as_its_row(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    for follows in (True, True, False, True):
        await actions.do(commands.Follow("ann", "bob", follows))
        edge = FollowEdge("ann", "bob") if follows else None
        assert await do(actions.store, read((FollowEdge, ("ann", "bob")))) == [[edge]]
        assert await actions.users("ann", followers=False) == ["bob"] * follows
        conversation = await actions.store.get_conversation("ann", "bob")
        assert conversation is not None
        assert conversation.participants("ann")[0].follows is follows


async def test_repeated_report_is_answered_alike_and_stored_once(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.send("bob", "ann", "spam", "more spam")
    report = commands.Report("ann", "bob", "spam", 1)
    await actions.do(report)
    first = actions.now
    assert await actions.do(report, report) == await actions.do(report, report) == [Done(), Done()]
    keys: list[RowKey] = [(AbuseReport, ("ann", "bob", n, "spam")) for n in (0, 1, 2)]
    assert await do(actions.store, read(*keys)) == [[None, AbuseReport("ann", "bob", 1, "spam", first), None]]
    await actions.do(commands.Report("ann", "bob", "spam"))
    (found,) = await do(actions.store, read(*keys))
    assert [row is not None for row in found] == [True, True, False]


async def test_column_beside_the_class_is_left_alone(tmp_path: Path) -> None:
    store_backend = SqliteBackend(tmp_path / "data")
    store = await store_backend.open()
    await do(store, put(SAMPLE))
    await store.close()
    with closing(apsw.Connection(str(tmp_path / "data" / "bussa.sqlite3"))) as connection:
        connection.execute("UPDATE samples SET beside = 8")
    store = await store_backend.open()
    await do(store, put(structs.replace(SAMPLE, count=5)))
    await store.close()
    with closing(apsw.Connection(str(tmp_path / "data" / "bussa.sqlite3"))) as connection:
        assert connection.execute("SELECT count, beside FROM samples").get == (5, 8)


async def test_racing_nodes_lose_no_update() -> None:
    turns = 40
    shuffle = random.Random(7)
    async with fresh_database() as url:
        stores = await asyncio.gather(*(PostgresStore.open(url) for _ in range(2)))
        some = [structs.replace(SAMPLE, number=number, count=1) for number in range(6)]

        async def count(store: PostgresStore) -> None:
            for _ in range(turns):
                batch = [add_one(row) for row in some]
                shuffle.shuffle(batch)
                for outcome in await store.commit(cast(Any, batch), NOW):
                    assert isinstance(outcome, Outcome), outcome

        for _ in range(3):  # from nothing, and again after they were deleted
            await asyncio.gather(*(count(store) for store in stores))
            (found,) = await do(stores[0], read(*map(key_of, some)))
            assert [row.count for row in found] == [len(stores) * turns] * len(some)
            await do(stores[1], delete(*map(key_of, some)))
        await asyncio.gather(*(store.close() for store in stores))


async def test_nodes_creating_rows_in_opposite_order_do_not_deadlock() -> None:
    async with fresh_database() as url:
        stores = await asyncio.gather(*(PostgresStore.open(url) for _ in range(3)))
        for turn in range(20):
            some = [structs.replace(SAMPLE, number=number, owner=f"turn {turn}", count=1) for number in range(200)]
            batches = [some, some[::-1], some[100:] + some[:100]]
            await asyncio.gather(
                *(do(store, *map(add_one, batch)) for store, batch in zip(stores, batches, strict=True))
            )
            (found,) = await do(stores[0], read(*map(key_of, some)))
            assert {row.count for row in found} == {3}
        connection = await asyncpg.connect(url)
        assert (
            await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
        )
        await connection.close()
        await asyncio.gather(*(store.close() for store in stores))
