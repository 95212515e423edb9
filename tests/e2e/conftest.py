"""Fixtures of the end-to-end tests: a running server, its host application, and sessions with users and devices."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.e2e.device import CODECS
from tests.e2e.server_process import HostApp, Server
from tests.e2e.session import Session

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that do not stop it, started as an operator would."""
    with Server(tmp_path_factory.mktemp("shared") / "data", "--send-rate", "0", "--frame-rate", "0") as server:
        yield server


@pytest.fixture
def restartable_server(tmp_path: Path) -> Iterator[Server]:
    """A server that the test starts, kills and restarts."""
    server = Server(tmp_path / "data", "--send-rate", "0", "--frame-rate", "0")
    yield server
    server.stop_and_check()


@pytest.fixture(params=CODECS)
def codec(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def host(server: Server) -> AsyncIterator[HostApp]:
    host = HostApp(server)
    yield host
    await host.close()


@pytest.fixture
async def session(server: Server, host: HostApp, codec: str) -> AsyncIterator[Session]:
    """A session with user names of its own; the test runs once per codec."""
    session = Session(server, host, codec, next(_numbers))
    yield session
    await session.close()
