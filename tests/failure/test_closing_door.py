"""A block on one node against a flood on another: once it is answered, nothing of the flood is committed any more."""

import asyncio
import os

from tests.failure.phone import Phone
from tests.failure.stage import Stage
from tests.scenes.serving import SECONDS

TRIALS = 1_000 if os.environ.get("BUSSA_FULL") else 300
AT_ONCE = 25
AHEAD = 4
"""Sends of a flood that wait for their answers."""


class Flood:
    def __init__(self, phone: Phone, to: str) -> None:
        self._phone = phone
        self._to = to
        self.door_closed = False
        self.sent = 0
        self.late: list[str] = []
        """What was let in although it was sent after the block had been answered."""
        self.flowing = asyncio.Event()

    async def run(self) -> None:
        """Until refused; returns when every send is answered."""
        await asyncio.gather(*(self._pour(place) for place in range(AHEAD)))

    async def _pour(self, place: int) -> None:
        number = 0
        while True:
            number += 1
            text, after = f"{self._to} {place} {number}", self.door_closed
            reply = await self._phone.ask("send", to=self._to, text=text, nonce=text)
            if reply["type"] == "error":
                assert reply["code"] == "not_allowed", reply
                return
            self.sent += 1
            self.flowing.set()
            if after:
                self.late.append(text)


async def trial(stage: Stage, number: int) -> int:
    """How many messages came in before the door was closed."""
    target, pest = await stage.person(f"target{number}"), await stage.person(f"pest{number}")
    at_one, at_two = await stage.meet(target, 0), await stage.meet(pest, 1)
    flood = Flood(at_two, target)
    pouring = asyncio.create_task(flood.run())
    async with asyncio.timeout(SECONDS):
        await flood.flowing.wait()
        answer = await at_one.ask("block", user=pest)
        flood.door_closed = True
        await pouring
    assert flood.late == []
    # The block stands in the target's log where it was committed: all that the flood has brought stands before it,
    # and nothing after.
    found = await at_one.ask("sync", after=0, limit=200)
    assert answer["seq"] == flood.sent + 1 == found["head"]
    await at_one.end()
    await at_two.end()
    return flood.sent


async def test_nothing_is_committed_after_the_answer(stage: Stage):
    waiting = list(range(TRIALS))
    before: list[int] = []

    async def worker() -> None:
        while waiting:
            before.append(await trial(stage, waiting.pop()))

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())
    assert len(before) == TRIALS
    # It was a flood, and the door was closed in the middle of it: not always after the same few.
    assert sum(before) > 2 * TRIALS
    assert len(set(before)) > 3
