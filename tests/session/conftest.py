"""Session tests run without sockets and without waiting, and must leave no task running."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.session.clock import ClockedLoop, turns


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"clocked": ClockedLoop}


@pytest.fixture(autouse=True)
async def no_leaked_tasks() -> AsyncIterator[None]:
    yield
    await turns()
    leaked = {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    assert not leaked, leaked
