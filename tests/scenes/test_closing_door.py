"""S floods R, and R closes the door in the middle of it.

A trial is one pair of people who have had nothing to do with each other. What R has been answered counts at
once and for ever: of what S sends from that moment on nothing is committed, and nothing reaches any device of R.
"""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.scenes.device import Device, Frame, connect
from tests.scenes.serving import SECONDS, Host, Server, sign

AHEAD = 8
"""Messages of S that wait for their answers."""


class Trial:
    """One S, one R with two devices, one door that closes."""

    def __init__(self, host: Host, sender: Device, devices: tuple[Device, Device], how: str, chance: random.Random):
        self._host = host
        self._sender = sender
        self._devices = devices
        self._how = how
        self._chance = chance
        self._s: str = sender.welcome["user"]
        self._r: str = devices[0].welcome["user"]
        self._arrived = asyncio.Event()
        self._closed = False
        self.accepted = 0

    async def prepare(self) -> None:
        if self._how == "unfollow":
            await self._host.follow(self._s, self._r)
        await self._devices[0].ok("settings", set={"dm_policy": "followers" if self._how == "unfollow" else "anyone"})

    async def run(self) -> None:
        await asyncio.gather(self._flood(), self._close())
        one, other = self._devices
        head = one.diary.seq
        # All that was under way is answered by now: whatever was committed, a ping must find.
        assert await one.rest() == []
        await other.rest()
        assert one.diary.seq == other.diary.seq == head == self._head, f"{self._s} reached {self._r} after all"
        for device, peer in ((self._sender, self._r), (one, self._s)):
            assert await self._numbers(device, peer) == list(range(1, self.accepted + 1))

    async def _flood(self) -> None:
        waiting: deque[tuple[asyncio.Future[Frame], bool]] = deque()
        refused = number = 0
        while refused < AHEAD + 3 or waiting:
            if refused < AHEAD + 3 and len(waiting) < AHEAD:
                number += 1
                nonce = f"{self._r} {number}"
                too_late = self._closed
                reply = await self._sender.submit("send", to=self._r, text=str(number), nonce=nonce)
                waiting.append((reply, too_late))
                continue
            pending, too_late = waiting.popleft()
            reply = await pending
            if reply["type"] == "sent":
                assert not too_late, "sent after the door was closed, and let in"
                assert not refused, "the door was open again"
                self.accepted += 1
                self._arrived.set()
            else:
                assert reply["code"] == "not_allowed"
                refused += 1

    async def _close(self) -> None:
        for _ in range(self._chance.randrange(1, 25)):
            await self._arrived.wait()
            self._arrived.clear()
            if self._chance.random() < 0.1:
                break
        device = self._devices[0]
        match self._how:
            case "block":
                await device.ok("block", user=self._s)
            case "settings":
                await device.ok("settings", set={"dm_policy": "nobody"})
            case "decline":
                await device.ok("decline", peer=self._s)
            case "unfollow":
                await self._host.unfollow(self._s, self._r)
        self._closed = True
        await device.rest()
        self._head = device.diary.seq

    async def _numbers(self, device: Device, peer: str) -> list[int]:
        found: list[int] = []
        while True:
            page = await device.ok("history", peer=peer, after=found[-1] if found else 0, limit=200)
            found += [message["n"] for message in page["messages"]]
            if not page["more"]:
                return found


@asynccontextmanager
async def crowd(server: Server, host: Host, name: str, size: int) -> AsyncIterator[list[tuple[Device, Device, Device]]]:
    """People who send, a device each, and people who receive, two each; both codecs."""

    async def enter(number: int) -> tuple[Device, Device, Device]:
        s, r = await host.person(f"{name}-S{number}"), await host.person(f"{name}-R{number}")
        codec = ("json", "msgpack")[number % 2]
        sender, one = await connect(server, sign(s), codec=codec), await connect(server, sign(r), codec=codec)
        return sender, one, await connect(server, sign(r), codec=("json", "msgpack")[number // 2 % 2])

    people = await asyncio.gather(*(enter(number) for number in range(size)))
    try:
        yield people
    finally:
        await asyncio.gather(*(device.leave() for trio in people for device in trio))


@pytest.mark.parametrize(("how", "size"), [("block", 32), ("settings", 8), ("decline", 8), ("unfollow", 8)])
async def test_nothing_gets_through_a_door_that_was_closed(standing: Server, host: Host, how: str, size: int):
    chance = random.Random(how)
    trials = accepted = 0
    async with asyncio.timeout(4 * SECONDS), crowd(standing, host, how, size) as people:
        for shift in range(size):  # everybody with everybody once: size * size pairs
            stage = [
                Trial(host, people[number][0], people[(number + shift) % size][1:], how, chance)
                for number in range(size)
            ]
            await asyncio.gather(*(trial.prepare() for trial in stage))
            await asyncio.gather(*(trial.run() for trial in stage))
            trials += len(stage)
            accepted += sum(trial.accepted for trial in stage)
    assert trials == size * size
    assert accepted > trials, "the floods were under way when the doors closed"
