"""A play through the balancer: its people, and on which server each device has come to be."""

import asyncio
from collections import deque
from collections.abc import Callable

import httpx

from tests.deployment.topology import Topology
from tests.scenes.device import Device, Diary, connect
from tests.scenes.serving import SECONDS, Host, sign

KEPT = 10
"""Connections to another server that are held open while one to a given server is looked for."""


class Stage:
    def __init__(self, topology: Topology, host: Host, number: int) -> None:
        self.topology = topology
        self.host = host
        self._number = number
        self._devices: list[Device] = []

    async def person(self, name: str) -> str:
        return await self.host.person(f"{name}-{self._number}", name=name, dm_policy="anyone")

    async def meet(self, user: str, diary: Diary | None = None) -> Device:
        """A device, on whichever server the balancer chooses."""
        device = await connect(self.topology.as_server, sign(user), diary=diary)
        self._devices.append(device)
        return device

    async def meet_on(self, node: str, user: str) -> Device:
        """A device on the server ``node``, through the balancer."""
        elsewhere: deque[Device] = deque()
        async with asyncio.timeout(SECONDS):
            while True:
                before = self._opened(node)
                device = await connect(self.topology.as_server, sign(user))
                if self._opened(node) > before:
                    self._devices.append(device)
                    await asyncio.gather(*(other.leave() for other in elsewhere))
                    return device
                elsewhere.append(device)  # kept, so that this server has more connections than the other
                if len(elsewhere) > KEPT:
                    await elsewhere.popleft().leave()
                    await asyncio.sleep(0.1)  # the balancer finds a server that is new within a few seconds

    def _opened(self, node: str) -> float:
        return self.topology.nodes[node].metric("bussa_connections_opened_total")

    async def end(self) -> None:
        await asyncio.gather(*(device.leave() for device in self._devices))


def from_address(address: str, url: str) -> httpx.AsyncClient:
    """A client of HTTP at an address of its own."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    return httpx.AsyncClient(base_url=url, transport=transport, timeout=SECONDS)


async def until(holds: Callable[[], bool]) -> None:
    """Ask again and again, for what nobody announces."""
    async with asyncio.timeout(SECONDS):
        while True:
            if await asyncio.to_thread(holds):
                return
            await asyncio.sleep(0.05)
