"""Jobs are tested without waiting: their clock is put forward by hand. They leave nothing running behind."""

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
    left = {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    assert not left, left
