"""Transports are tested on the loop that they are served on."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from tests.transport.served import SERVERS, Served, serving


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def ours() -> AsyncIterator[Served]:
    async with serving() as served:
        await served.node.people("alice", "bob")
        yield served


@pytest.fixture(params=SERVERS)
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with serving(request.param) as served:
        await served.node.people("alice", "bob")
        yield served
