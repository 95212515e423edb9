"""Fixtures: the embedded store on a disk with injected faults."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bussa_server.adapters.sqlite import SqliteStore, checking
from tests.adapters.sqlite_disk import FaultyDisk, faulty_disk
from tests.contracts.actions import StoreActions


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder that must pass `check` at the end of the test."""
    yield tmp_path
    assert checking.check(tmp_path).problems == []


@pytest.fixture
def disk(folder: Path) -> Iterator[FaultyDisk]:
    with faulty_disk() as disk:
        yield disk


@pytest.fixture
async def store(disk: FaultyDisk, folder: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(folder)
    yield store
    disk.repair()
    await store.close()


@pytest.fixture
async def actions(store: SqliteStore) -> StoreActions:
    return StoreActions(store)
