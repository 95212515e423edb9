"""One test's users on several nodes, with devices on chosen nodes."""

from typing import Any

from tests.e2e.server_process import HostApp
from tests.failure.deployment import Deployment
from tests.failure.resilient_device import Frame, ResilientDevice


class Session:
    def __init__(self, deployment: Deployment, host: HostApp, number: int) -> None:
        self.deployment = deployment
        self.host = host
        self.faults: list[str] = []
        self._number = number
        self._devices: list[ResilientDevice] = []

    def id(self, name: str) -> str:
        return f"{name}-{self._number}"

    async def create_user(self, name: str, **settings: Any) -> str:
        """A new user, whose ``dm_policy`` is ``anyone`` unless ``settings`` has another."""
        return await self.host.put_user(self.id(name), **{"dm_policy": "anyone"} | settings)

    async def connect(self, user: str, node: int) -> ResilientDevice:
        """A device that reconnects to one node only."""
        device = ResilientDevice(user, [self.deployment.nodes[node]], 0, self.faults.append)
        self._devices.append(device)
        return await device.wait_online()

    async def close(self) -> None:
        for device in self._devices:
            await device.close()
        assert self.faults == [], self.faults[:5]


def received_texts(device: ResilientDevice) -> list[str]:
    """The texts in the log of a device, its own included."""
    return [frame["text"] for frame in device.log.values() if "text" in frame]


async def send(device: ResilientDevice, to: str, text: str) -> Frame:
    reply = await device.request("send", to=to, text=text, nonce=text)
    assert reply["type"] == "sent", reply
    return reply
