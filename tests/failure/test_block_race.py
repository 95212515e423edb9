"""A block on one node during a flood on another: once it is answered, nothing of the flood is committed."""

import asyncio
import os

from tests.e2e.server_process import TIMEOUT
from tests.failure.resilient_device import ResilientDevice
from tests.failure.session import Session

TRIALS = 1_000 if os.environ.get("BUSSA_FULL") else 300
CONCURRENCY = 25
MAX_IN_FLIGHT = 4
"""Unanswered sends of a flood."""


class Flood:
    def __init__(self, device: ResilientDevice, to: str) -> None:
        self._device = device
        self._to = to
        self.blocked = False
        self.sent = 0
        self.sent_after_block: list[str] = []
        """Texts that were accepted although they were sent after the answer to the block."""
        self.first_sent = asyncio.Event()

    async def run(self) -> None:
        """Send until refused; returns when every send is answered."""
        await asyncio.gather(*(self._send_loop(number) for number in range(MAX_IN_FLIGHT)))

    async def _send_loop(self, sender: int) -> None:
        number = 0
        while True:
            number += 1
            text, after = f"{self._to} {sender} {number}", self.blocked
            reply = await self._device.request("send", to=self._to, text=text, nonce=text)
            if reply["type"] == "error":
                assert reply["code"] == "not_allowed", reply
                return
            self.sent += 1
            self.first_sent.set()
            if after:
                self.sent_after_block.append(text)


async def trial(session: Session, number: int) -> int:
    """The number of messages that were accepted before the block."""
    target, pest = await session.create_user(f"target{number}"), await session.create_user(f"pest{number}")
    at_one, at_two = await session.connect(target, 0), await session.connect(pest, 1)
    flood = Flood(at_two, target)
    flooding = asyncio.create_task(flood.run())
    async with asyncio.timeout(TIMEOUT):
        await flood.first_sent.wait()
        answer = await at_one.request("block", user=pest)
        flood.blocked = True
        await flooding
    assert flood.sent_after_block == []
    # In the target's log the block comes after all messages of the flood, and nothing comes after the block.
    found = await at_one.request("sync", after=0, limit=200)
    assert answer["seq"] == flood.sent + 1 == found["head"]
    await at_one.close()
    await at_two.close()
    return flood.sent


async def test_flood_is_refused_after_an_answered_block(session: Session):
    waiting = list(range(TRIALS))
    before: list[int] = []

    async def worker() -> None:
        while waiting:
            before.append(await trial(session, waiting.pop()))

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(worker())
    assert len(before) == TRIALS
    # The blocks came during the floods, and not always after the same few messages.
    assert sum(before) > 2 * TRIALS
    assert len(set(before)) > 3
