"""Real servers to put under load."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server_process import ADMIN_KEY, SECRET, Server

KEYS = {"admin_key": ADMIN_KEY, "secret": SECRET}


@pytest.fixture(scope="session")
def load_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("load") / "data", "--send-rate", "0") as server:
        yield server


@pytest.fixture
def restartable_server(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may stop and start."""
    with Server(tmp_path / "data", "--send-rate", "0") as server:
        yield server
