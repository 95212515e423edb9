"""A real server to be loaded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenes.serving import ADMIN_KEY, SECRET, Server

KEYS = {"admin_key": ADMIN_KEY, "secret": SECRET}


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("load") / "data", "--send-rate", "0") as server:
        yield server


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """One that a test may end and start."""
    with Server(tmp_path / "data", "--send-rate", "0") as server:
        yield server
