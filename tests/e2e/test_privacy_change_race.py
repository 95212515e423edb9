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

from tests.e2e.device import Device, Frame, connect
from tests.e2e.server_process import TIMEOUT, HostApp, Server, sign_token

MAX_IN_FLIGHT = 8
"""Messages of S that wait for their answers."""


class RaceTrial:
    """One S, one R with two devices, one door that closes."""

    def __init__(self, host: HostApp, sender: Device, devices: tuple[Device, Device], change: str, rng: random.Random):
        self._host = host
        self._sender = sender
        self._devices = devices
        self._change = change
        self._rng = rng
        self._s: str = sender.welcome["user"]
        self._r: str = devices[0].welcome["user"]
        self._arrived = asyncio.Event()
        self._changed = False
        self.accepted = 0

    async def prepare(self) -> None:
        if self._change == "unfollow":
            await self._host.follow(self._s, self._r)
        await self._devices[0].ok(
            "settings", set={"dm_policy": "followers" if self._change == "unfollow" else "anyone"}
        )

    async def run(self) -> None:
        await asyncio.gather(self._flood(), self._change_privacy())
        one, other = self._devices
        head = one.journal.seq
        # All that was under way is answered by now: whatever was committed, a ping must find.
        assert await one.remaining_events() == []
        await other.remaining_events()
        assert one.journal.seq == other.journal.seq == head == self._head, f"{self._s} reached {self._r} after all"
        for device, peer in ((self._sender, self._r), (one, self._s)):
            assert await self._numbers(device, peer) == list(range(1, self.accepted + 1))

    async def _flood(self) -> None:
        waiting: deque[tuple[asyncio.Future[Frame], bool]] = deque()
        refused = number = 0
        while refused < MAX_IN_FLIGHT + 3 or waiting:
            if refused < MAX_IN_FLIGHT + 3 and len(waiting) < MAX_IN_FLIGHT:
                number += 1
                nonce = f"{self._r} {number}"
                too_late = self._changed
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

    async def _change_privacy(self) -> None:
        for _ in range(self._rng.randrange(1, 25)):
            await self._arrived.wait()
            self._arrived.clear()
            if self._rng.random() < 0.1:
                break
        device = self._devices[0]
        match self._change:
            case "block":
                await device.ok("block", user=self._s)
            case "settings":
                await device.ok("settings", set={"dm_policy": "nobody"})
            case "decline":
                await device.ok("decline", peer=self._s)
            case "unfollow":
                await self._host.unfollow(self._s, self._r)
        self._changed = True
        await device.remaining_events()
        self._head = device.journal.seq

    async def _numbers(self, device: Device, peer: str) -> list[int]:
        found: list[int] = []
        while True:
            page = await device.ok("history", peer=peer, after=found[-1] if found else 0, limit=200)
            found += [message["n"] for message in page["messages"]]
            if not page["more"]:
                return found


@asynccontextmanager
async def connected_pairs(
    server: Server, host: HostApp, name: str, size: int
) -> AsyncIterator[list[tuple[Device, Device, Device]]]:
    """People who send, a device each, and people who receive, two each; both codecs."""

    async def enter(number: int) -> tuple[Device, Device, Device]:
        s, r = await host.put_user(f"{name}-S{number}"), await host.put_user(f"{name}-R{number}")
        codec = ("json", "msgpack")[number % 2]
        sender, one = (
            await connect(server, sign_token(s), codec=codec),
            await connect(server, sign_token(r), codec=codec),
        )
        return sender, one, await connect(server, sign_token(r), codec=("json", "msgpack")[number // 2 % 2])

    people = await asyncio.gather(*(enter(number) for number in range(size)))
    try:
        yield people
    finally:
        await asyncio.gather(*(device.close() for trio in people for device in trio))


@pytest.mark.parametrize(("how", "size"), [("block", 32), ("settings", 8), ("decline", 8), ("unfollow", 8)])
async def test_flood_is_refused_after_the_recipients_answered_privacy_change(
    server: Server, host: HostApp, how: str, size: int
):
    chance = random.Random(how)
    trials = accepted = 0
    async with asyncio.timeout(4 * TIMEOUT), connected_pairs(server, host, how, size) as people:
        for shift in range(size):  # everybody with everybody once: size * size pairs
            stage = [
                RaceTrial(host, people[number][0], people[(number + shift) % size][1:], how, chance)
                for number in range(size)
            ]
            await asyncio.gather(*(trial.prepare() for trial in stage))
            await asyncio.gather(*(trial.run() for trial in stage))
            trials += len(stage)
            accepted += sum(trial.accepted for trial in stage)
    assert trials == size * size
    assert accepted > trials, "the floods were under way when the doors closed"
