"""A rolling restart of all nodes under traffic."""

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
    pids = [node.pid for node in deployment.nodes]
    for turn, node in enumerate(deployment.nodes):
        await asyncio.to_thread(node.stop)
        await asyncio.to_thread(node.start)
        await many_connections.block(turn)
        await many_connections.wait_for_messages(50)
    assert not set(pids) & {node.pid for node in deployment.nodes}
    close_codes = Counter(
        code for devices in many_connections.devices.values() for device in devices for code in device.close_codes
    )
    # 1012 tells every device to reconnect soon and to resume.
    assert set(close_codes) == {1012}
    assert close_codes[1012] >= CONNECTED
    await many_connections.verify()
