"""One deployment for all plays, as docker-compose.yml describes it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.deployment.playing import Stage
from tests.deployment.topology import Topology
from tests.scenes.serving import Host

_plays = itertools.count(1)


@pytest.fixture(scope="session")
def topology(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    topology = Topology(tmp_path_factory.mktemp("topology"))
    try:
        asyncio.run(topology.make())
        yield topology
    finally:
        topology.close()


@pytest.fixture
async def stage(topology: Topology) -> AsyncIterator[Stage]:
    """A play of its own, with people that no other has."""
    host = Host(topology.as_server)
    stage = Stage(topology, host, next(_plays))
    yield stage
    await stage.end()
    await host.close()
