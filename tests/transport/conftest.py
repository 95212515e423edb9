"""The transport is tested on the event loop that it is used on."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from tests.transport.running_server import RunningServer, serving


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    async with serving() as running:
        await running.node.add_users("alice", "bob")
        yield running
