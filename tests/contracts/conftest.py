"""Fixtures that run each test of the store port on every backend."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bussa_server.ports.store import Store
from tests.contracts.actions import StoreActions
from tests.contracts.store_backends import BACKENDS, StoreBackend


@pytest.fixture(params=BACKENDS)
async def store_backend(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StoreBackend]:
    async with BACKENDS[request.param](tmp_path / "data") as store_backend:
        yield store_backend


@pytest.fixture
async def store(store_backend: StoreBackend) -> AsyncIterator[Store]:
    store = await store_backend.open()
    yield store
    await store.close()


@pytest.fixture
async def actions(store: Store) -> StoreActions:
    return StoreActions(store)
