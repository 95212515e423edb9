"""A play on several nodes: people with a device wherever the play wants one."""

from typing import Any

from tests.failure.deployment import Deployment
from tests.failure.phone import Frame, Phone
from tests.scenes.serving import Host


class Stage:
    def __init__(self, deployment: Deployment, host: Host, number: int) -> None:
        self.deployment = deployment
        self.host = host
        self.faults: list[str] = []
        self._number = number
        self._phones: list[Phone] = []

    def id(self, name: str) -> str:
        return f"{name}-{self._number}"

    async def person(self, name: str, **door: Any) -> str:
        """Somebody new; open to anyone unless ``door`` says otherwise."""
        return await self.host.person(self.id(name), **{"dm_policy": "anyone"} | door)

    async def meet(self, user: str, node: int) -> Phone:
        """A device that only ever comes back to one node."""
        phone = Phone(user, [self.deployment.nodes[node]], 0, self.faults.append)
        self._phones.append(phone)
        return await phone.greeted()

    async def end(self) -> None:
        for phone in self._phones:
            await phone.end()
        assert self.faults == [], self.faults[:5]


def heard(phone: Phone) -> list[str]:
    """The texts that a device has heard or said."""
    return [frame["text"] for frame in phone.log.values() if "text" in frame]


async def say(phone: Phone, to: str, text: str) -> Frame:
    reply = await phone.ask("send", to=to, text=text, nonce=text)
    assert reply["type"] == "sent", reply
    return reply
