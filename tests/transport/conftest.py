"""Transports are tested on the loop that they are served on."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from tests.transport.running_server import SERVERS, RunningServer, serving


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def ours() -> AsyncIterator[RunningServer]:
    async with serving() as served:
        await served.node.add_users("alice", "bob")
        yield served


@pytest.fixture(params=SERVERS)
async def served(request: pytest.FixtureRequest) -> AsyncIterator[RunningServer]:
    async with serving(request.param) as served:
        await served.node.add_users("alice", "bob")
        yield served
