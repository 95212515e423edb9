"""One test's users and devices on a shared server."""

import asyncio
from typing import Any

from tests.e2e.device import Device, Frame, Journal, connect, open_device
from tests.e2e.server_process import HostApp, Server, sign_token


class Session:
    def __init__(self, server: Server, host: HostApp, codec: str, number: int) -> None:
        self.server = server
        self.host = host
        self.codec = codec
        self._number = number
        self._devices: list[Device] = []

    def id(self, name: str) -> str:
        """The user id of ``name`` in this session."""
        return f"{name}-{self._number}"

    async def create_user(self, name: str, **settings: Any) -> str:
        """A new user, whose ``dm_policy`` is ``anyone`` unless ``settings`` has another."""
        return await self.host.put_user(self.id(name), **{"name": name, "dm_policy": "anyone"} | settings)

    async def connect(self, user: str, *, journal: Journal | None = None, codec: str | None = None) -> Device:
        """Another device of ``user``."""
        return self._track(await connect(self.server, sign_token(user), codec=codec or self.codec, journal=journal))

    async def connect_unauthenticated(self, headers: dict[str, str] | None = None) -> Device:
        """A connection before its ``hello``."""
        return self._track(await open_device(self.server, self.codec, headers=headers))

    async def two_users(self, **bob_settings: Any) -> tuple[str, Device, str, Device]:
        """Alice and Bob, with one device each."""
        alice, bob = await self.create_user("alice"), await self.create_user("bob", **bob_settings)
        return alice, await self.connect(alice), bob, await self.connect(bob)

    async def close(self) -> None:
        await asyncio.gather(*(device.close() for device in self._devices))

    def _track(self, device: Device) -> Device:
        self._devices.append(device)
        return device


async def conversation_texts(device: Device, peer: str) -> list[str]:
    """The texts of a conversation, read page by page."""
    found: list[Frame] = []
    while True:
        reply = await device.ok("history", peer=peer, after=found[-1]["n"] if found else 0, limit=200)
        found += reply["messages"]
        if not reply["more"]:
            assert [message["n"] for message in found] == list(range(1, len(found) + 1))
            return [message["text"] for message in found]
