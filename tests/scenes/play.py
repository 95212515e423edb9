"""A play: people with names of its own on a server that others use too, and their devices."""

import asyncio
from typing import Any

from tests.scenes.device import Device, Diary, Frame, connect, open_device
from tests.scenes.serving import Host, Server, sign


class Play:
    def __init__(self, server: Server, host: Host, codec: str, number: int) -> None:
        self.server = server
        self.host = host
        self.codec = codec
        self._number = number
        self._devices: list[Device] = []

    def id(self, name: str) -> str:
        """The id of ``name`` in this play."""
        return f"{name}-{self._number}"

    async def person(self, name: str, **door: Any) -> str:
        """Somebody new; open to anyone unless ``door`` says otherwise."""
        return await self.host.person(self.id(name), **{"name": name, "dm_policy": "anyone"} | door)

    async def meet(self, user: str, *, diary: Diary | None = None, codec: str | None = None) -> Device:
        """Another device of ``user``."""
        return self._keep(await connect(self.server, sign(user), codec=codec or self.codec, diary=diary))

    async def stranger(self, headers: dict[str, str] | None = None) -> Device:
        """A connection that has not said ``hello`` yet."""
        return self._keep(await open_device(self.server, self.codec, headers=headers))

    async def two(self, **door: Any) -> tuple[str, Device, str, Device]:
        """Alice and Bob, a device each; ``door`` is Bob's."""
        alice, bob = await self.person("alice"), await self.person("bob", **door)
        return alice, await self.meet(alice), bob, await self.meet(bob)

    async def end(self) -> None:
        await asyncio.gather(*(device.leave() for device in self._devices))

    def _keep(self, device: Device) -> Device:
        self._devices.append(device)
        return device


async def texts(device: Device, peer: str) -> list[str]:
    """What a conversation holds, page by page."""
    found: list[Frame] = []
    while True:
        reply = await device.ok("history", peer=peer, after=found[-1]["n"] if found else 0, limit=200)
        found += reply["messages"]
        if not reply["more"]:
            assert [message["n"] for message in found] == list(range(1, len(found) + 1))
            return [message["text"] for message in found]
