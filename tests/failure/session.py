"""A play on several nodes: people with a device wherever the play wants one."""

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
        """Somebody new; open to anyone unless ``door`` says otherwise."""
        return await self.host.put_user(self.id(name), **{"dm_policy": "anyone"} | settings)

    async def connect(self, user: str, node: int) -> ResilientDevice:
        """A device that only ever comes back to one node."""
        phone = ResilientDevice(user, [self.deployment.nodes[node]], 0, self.faults.append)
        self._devices.append(phone)
        return await phone.wait_online()

    async def close(self) -> None:
        for phone in self._devices:
            await phone.close()
        assert self.faults == [], self.faults[:5]


def received_texts(phone: ResilientDevice) -> list[str]:
    """The texts that a device has heard or said."""
    return [frame["text"] for frame in phone.log.values() if "text" in frame]


async def send(phone: ResilientDevice, to: str, text: str) -> Frame:
    reply = await phone.request("send", to=to, text=text, nonce=text)
    assert reply["type"] == "sent", reply
    return reply
