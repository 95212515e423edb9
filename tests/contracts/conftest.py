"""Each test of the store port, for each kind of store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bussa_server.ports.store import Store
from tests.contracts.deeds import Deeds
from tests.contracts.stores import KINDS, House


@pytest.fixture(params=KINDS)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with KINDS[request.param](tmp_path / "data") as house:
        yield house


@pytest.fixture
async def store(house: House) -> AsyncIterator[Store]:
    store = await house.open()
    yield store
    await store.close()


@pytest.fixture
async def deeds(store: Store) -> Deeds:
    return Deeds(store)
