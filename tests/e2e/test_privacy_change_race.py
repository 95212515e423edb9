"""S floods R, and R changes a privacy setting meanwhile.

A trial has two users without prior contact. Once R's change is answered, no later message of S is committed, and none
reaches a device of R.
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
"""Unanswered messages of S."""


class RaceTrial:
    """One S, one R with two devices, and one change that refuses S."""

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
        # Every send is answered by now, so a ping must find everything that was committed.
        assert await one.remaining_events() == []
        await other.remaining_events()
        assert one.journal.seq == other.journal.seq == head == self._head, (
            f"a message of {self._s} reached {self._r} after the change"
        )
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
                assert not too_late, "accepted although sent after the change"
                assert not refused, "accepted after a refusal"
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
async def connected_trios(
    server: Server, host: HostApp, name: str, size: int
) -> AsyncIterator[list[tuple[Device, Device, Device]]]:
    """``size`` trios: the device of a sender, and two devices of a recipient; in both codecs."""

    async def connect_trio(number: int) -> tuple[Device, Device, Device]:
        s, r = await host.put_user(f"{name}-S{number}"), await host.put_user(f"{name}-R{number}")
        codec = ("json", "msgpack")[number % 2]
        sender, one = (
            await connect(server, sign_token(s), codec=codec),
            await connect(server, sign_token(r), codec=codec),
        )
        return sender, one, await connect(server, sign_token(r), codec=("json", "msgpack")[number // 2 % 2])

    trios = await asyncio.gather(*(connect_trio(number) for number in range(size)))
    try:
        yield trios
    finally:
        await asyncio.gather(*(device.close() for trio in trios for device in trio))


@pytest.mark.parametrize(("change", "size"), [("block", 32), ("settings", 8), ("decline", 8), ("unfollow", 8)])
async def test_flood_is_refused_after_the_recipients_answered_privacy_change(
    server: Server, host: HostApp, change: str, size: int
):
    rng = random.Random(change)
    trials = accepted = 0
    async with asyncio.timeout(4 * TIMEOUT), connected_trios(server, host, change, size) as trios:
        for shift in range(size):  # every sender with every recipient once: size * size pairs
            round_of_trials = [
                RaceTrial(host, trios[number][0], trios[(number + shift) % size][1:], change, rng)
                for number in range(size)
            ]
            await asyncio.gather(*(trial.prepare() for trial in round_of_trials))
            await asyncio.gather(*(trial.run() for trial in round_of_trials))
            trials += len(round_of_trials)
            accepted += sum(trial.accepted for trial in round_of_trials)
    assert trials == size * size
    assert accepted > trials, "the changes came before the floods"
