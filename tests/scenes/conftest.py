"""What plays begin with: a server that runs, its host application, and devices that come and go."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.scenes.device import CODECS
from tests.scenes.play import Play
from tests.scenes.serving import Host, Server

_plays = itertools.count(1)


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all plays that leave it standing, as an operator would start it."""
    with Server(tmp_path_factory.mktemp("standing") / "data", "--send-rate", "0", "--frame-rate", "0") as server:
        yield server


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """A server that a play starts, kills and starts again as it likes."""
    server = Server(tmp_path / "data", "--send-rate", "0", "--frame-rate", "0")
    yield server
    server.finish()


@pytest.fixture(params=CODECS)
def codec(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def host(standing: Server) -> AsyncIterator[Host]:
    host = Host(standing)
    yield host
    await host.close()


@pytest.fixture
async def play(standing: Server, host: Host, codec: str) -> AsyncIterator[Play]:
    """A stage of its own: names that no other play uses, each line spoken in both codecs."""
    play = Play(standing, host, codec, next(_plays))
    yield play
    await play.end()
