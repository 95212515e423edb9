"""A block on one node against a flood on another: once it is answered, nothing of the flood is committed any more."""

import asyncio
import os

from tests.e2e.server_process import TIMEOUT
from tests.failure.resilient_device import ResilientDevice
from tests.failure.session import Session

TRIALS = 1_000 if os.environ.get("BUSSA_FULL") else 300
CONCURRENCY = 25
MAX_IN_FLIGHT = 4
"""Sends of a flood that wait for their answers."""


class Flood:
    def __init__(self, phone: ResilientDevice, to: str) -> None:
        self._phone = phone
        self._to = to
        self.blocked = False
        self.sent = 0
        self.sent_after_block: list[str] = []
        """What was let in although it was sent after the block had been answered."""
        self.first_sent = asyncio.Event()

    async def run(self) -> None:
        """Until refused; returns when every send is answered."""
        await asyncio.gather(*(self._send_loop(place) for place in range(MAX_IN_FLIGHT)))

    async def _send_loop(self, place: int) -> None:
        number = 0
        while True:
            number += 1
            text, after = f"{self._to} {place} {number}", self.blocked
            reply = await self._phone.request("send", to=self._to, text=text, nonce=text)
            if reply["type"] == "error":
                assert reply["code"] == "not_allowed", reply
                return
            self.sent += 1
            self.first_sent.set()
            if after:
                self.sent_after_block.append(text)


async def trial(session: Session, number: int) -> int:
    """How many messages came in before the door was closed."""
    target, pest = await session.create_user(f"target{number}"), await session.create_user(f"pest{number}")
    at_one, at_two = await session.connect(target, 0), await session.connect(pest, 1)
    flood = Flood(at_two, target)
    pouring = asyncio.create_task(flood.run())
    async with asyncio.timeout(TIMEOUT):
        await flood.first_sent.wait()
        answer = await at_one.request("block", user=pest)
        flood.blocked = True
        await pouring
    assert flood.sent_after_block == []
    # The block stands in the target's log where it was committed: all that the flood has brought stands before it,
    # and nothing after.
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
    # It was a flood, and the door was closed in the middle of it: not always after the same few.
    assert sum(before) > 2 * TRIALS
    assert len(set(before)) > 3
