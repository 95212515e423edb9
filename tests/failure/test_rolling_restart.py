"""All nodes are restarted, one after the other, and nobody notices but for a moment."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.e2e.server_process import HostApp
from tests.failure.deployment import Deployment
from tests.failure.traffic import Traffic

CONNECTED = 5_000 if os.environ.get("BUSSA_FULL") else 500


@pytest.fixture
async def many_connections(deployment: Deployment, host: HostApp) -> AsyncIterator[Traffic]:
    traffic = Traffic(deployment.nodes, "many", users=CONNECTED, writing_users=40, devices_per_user=1)
    await traffic.start(host)
    yield traffic
    await traffic.close()


async def test_rolling_restart_loses_nothing(deployment: Deployment, many_connections: Traffic):
    await many_connections.wait_for_messages(100)
    lives = [node.pid for node in deployment.nodes]
    for turn, node in enumerate(deployment.nodes):
        await asyncio.to_thread(node.stop)
        await asyncio.to_thread(node.start)
        await many_connections.block(turn)
        await many_connections.wait_for_messages(50)
    assert not set(lives) & {node.pid for node in deployment.nodes}
    farewells = Counter(
        code for phones in many_connections.devices.values() for phone in phones for code in phone.close_codes
    )
    # Each was told, by the one code that says: come back and go on.
    assert set(farewells) == {1012}
    assert farewells[1012] >= CONNECTED
    await many_connections.verify()
