"""One deployment of three nodes for all tests: each breaks it in its own way and puts it right again."""

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.failure.crowd import Crowd
from tests.failure.deployment import Deployment
from tests.failure.stage import Stage
from tests.scenes.serving import Host

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    deployment = Deployment(tmp_path_factory.mktemp("failure"), 3)
    yield deployment
    deployment.close()


@pytest.fixture
def deployment(standing: Deployment) -> Iterator[Deployment]:
    yield standing
    standing.heal()


@pytest.fixture
async def host(deployment: Deployment) -> AsyncIterator[Host]:
    host = Host(deployment.nodes[0])
    yield host
    await host.close()


@pytest.fixture
async def crowd(deployment: Deployment, host: Host) -> AsyncIterator[Crowd]:
    """People on all nodes who write without end."""
    crowd = Crowd(deployment.nodes, f"crowd{next(_numbers)}")
    await crowd.gather(host)
    yield crowd
    await crowd.end()


@pytest.fixture
async def stage(deployment: Deployment, host: Host) -> AsyncIterator[Stage]:
    stage = Stage(deployment, host, next(_numbers))
    yield stage
    await stage.end()
