"""One deployment for all tests, as docker-compose.yml describes it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.deployment.session import Session
from tests.deployment.topology import Topology
from tests.e2e.server_process import HostApp

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def topology(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    topology = Topology(tmp_path_factory.mktemp("topology"))
    try:
        asyncio.run(topology.start())
        yield topology
    finally:
        topology.close()


@pytest.fixture
async def session(topology: Topology) -> AsyncIterator[Session]:
    """A session with users of its own."""
    host = HostApp(topology.as_server)
    session = Session(topology, host, next(_numbers))
    yield session
    await session.close()
    await host.close()
