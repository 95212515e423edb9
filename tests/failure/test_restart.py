"""All nodes are restarted, one after the other, and nobody notices but for a moment."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.failure.crowd import Crowd
from tests.failure.deployment import Deployment
from tests.scenes.serving import Host

CONNECTED = 5_000 if os.environ.get("BUSSA_FULL") else 500


@pytest.fixture
async def many(deployment: Deployment, host: Host) -> AsyncIterator[Crowd]:
    crowd = Crowd(deployment.nodes, "many", people=CONNECTED, writers=40, phones=1)
    await crowd.gather(host)
    yield crowd
    await crowd.end()


async def test_all_nodes_are_restarted_in_turn(deployment: Deployment, many: Crowd):
    await many.grow(100)
    lives = [node.pid for node in deployment.nodes]
    for turn, node in enumerate(deployment.nodes):
        await asyncio.to_thread(node.stop)
        await asyncio.to_thread(node.start)
        await many.block(turn)
        await many.grow(50)
    assert not set(lives) & {node.pid for node in deployment.nodes}
    farewells = Counter(code for phones in many.phones.values() for phone in phones for code in phone.farewells)
    # Each was told, by the one code that says: come back and go on.
    assert set(farewells) == {1012}
    assert farewells[1012] >= CONNECTED
    await many.account()
