"""One deployment of three nodes for all tests; it is restored after each."""

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.e2e.server_process import HostApp
from tests.failure.deployment import Deployment
from tests.failure.session import Session
from tests.failure.traffic import Traffic

_session_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def shared_deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    deployment = Deployment(tmp_path_factory.mktemp("failure"), 3)
    yield deployment
    deployment.close()


@pytest.fixture
def deployment(shared_deployment: Deployment) -> Iterator[Deployment]:
    yield shared_deployment
    shared_deployment.restore()


@pytest.fixture
async def host(deployment: Deployment) -> AsyncIterator[HostApp]:
    host = HostApp(deployment.nodes[0])
    yield host
    await host.close()


@pytest.fixture
async def traffic(deployment: Deployment, host: HostApp) -> AsyncIterator[Traffic]:
    """Users on all nodes who exchange messages during the test."""
    traffic = Traffic(deployment.nodes, f"user{next(_session_numbers)}")
    await traffic.start(host)
    yield traffic
    await traffic.close()


@pytest.fixture
async def session(deployment: Deployment, host: HostApp) -> AsyncIterator[Session]:
    session = Session(deployment, host, next(_session_numbers))
    yield session
    await session.close()
