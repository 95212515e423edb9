"""The power fails, again and again, while a town talks."""

import asyncio
import os
import random

import pytest

from tests.scenes.serving import Server, bussa
from tests.scenes.town import Town

FULL = os.environ.get("CI") == "true" or "BUSSA_FULL" in os.environ
MESSAGES = 100_000 if FULL else 20_000
PEOPLE = 200
CRASHES = 10


@pytest.mark.timeout(600)  # five times what it takes on two busy cores
async def test_what_was_answered_survives_ten_crashes(fresh: Server):
    chance = random.Random(1)
    await asyncio.to_thread(fresh.start)
    town = Town(fresh, PEOPLE, MESSAGES, chance)

    async def crashes() -> None:
        for moment in sorted(chance.sample(range(MESSAGES // 100, MESSAGES * 9 // 10), CRASHES)):
            await town.reach(moment)
            await asyncio.sleep(chance.random() / 50)  # no event: any moment of a commit must do
            town.up.clear()
            await asyncio.to_thread(fresh.kill)
            await asyncio.to_thread(fresh.start)
            town.up.set()

    async with asyncio.timeout(580):
        await town.found()
        await asyncio.gather(crashes(), *(talker.run() for talker in town.talkers))
        assert town.answered == MESSAGES
        assert sum(talker.returns for talker in town.talkers) >= PEOPLE * CRASHES / 2, "the crashes were felt"
        await town.account()
    await asyncio.to_thread(fresh.stop)
    checked = await asyncio.to_thread(bussa, "check", "--data", str(fresh.folder))
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.endswith(f" {MESSAGES} messages, {2 * MESSAGES} events: all agree\n"), checked.stdout
