"""One test's users and devices behind the balancer."""

import asyncio
from collections import deque
from collections.abc import Callable

import httpx

from tests.deployment.topology import Topology
from tests.e2e.device import Device, Journal, connect
from tests.e2e.server_process import TIMEOUT, HostApp, sign_token

MAX_HELD = 10
"""Connections to other servers that are kept open to reach a given server."""


class Session:
    def __init__(self, topology: Topology, host: HostApp, number: int) -> None:
        self.topology = topology
        self.host = host
        self._number = number
        self._devices: list[Device] = []

    async def create_user(self, name: str) -> str:
        return await self.host.put_user(f"{name}-{self._number}", name=name, dm_policy="anyone")

    async def connect(self, user: str, journal: Journal | None = None) -> Device:
        """A device, on a server that the balancer chooses."""
        device = await connect(self.topology.as_server, sign_token(user), journal=journal)
        self._devices.append(device)
        return device

    async def connect_to(self, node: str, user: str) -> Device:
        """A device on the server ``node``, through the balancer."""
        elsewhere: deque[Device] = deque()
        async with asyncio.timeout(TIMEOUT):
            while True:
                before = self._opened(node)
                device = await connect(self.topology.as_server, sign_token(user))
                if self._opened(node) > before:
                    self._devices.append(device)
                    await asyncio.gather(*(other.close() for other in elsewhere))
                    return device
                elsewhere.append(device)  # kept open, so that the balancer prefers the other server
                if len(elsewhere) > MAX_HELD:
                    await elsewhere.popleft().close()
                    await asyncio.sleep(0.1)  # the balancer finds a restarted server within a few seconds

    def _opened(self, node: str) -> float:
        return self.topology.nodes[node].metric("bussa_connections_opened_total")

    async def close(self) -> None:
        await asyncio.gather(*(device.close() for device in self._devices))


def client_from(address: str, url: str) -> httpx.AsyncClient:
    """An HTTP client with its own source address."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    return httpx.AsyncClient(base_url=url, transport=transport, timeout=TIMEOUT)


async def eventually(holds: Callable[[], bool]) -> None:
    """Poll until ``holds``."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            if await asyncio.to_thread(holds):
                return
            await asyncio.sleep(0.05)
