"""The power fails, again and again, while a town talks."""

import asyncio
import os
import random

import pytest

from tests.e2e.long_run import LongRun
from tests.e2e.server_process import Server, run_cli

FULL = os.environ.get("CI") == "true" or "BUSSA_FULL" in os.environ
MESSAGES = 100_000 if FULL else 20_000
PEOPLE = 200
CRASHES = 10


@pytest.mark.timeout(600)  # five times what it takes on two busy cores
async def test_answered_messages_survive_ten_crashes(restartable_server: Server):
    chance = random.Random(1)
    await asyncio.to_thread(restartable_server.start)
    town = LongRun(restartable_server, PEOPLE, MESSAGES, chance)

    async def crashes() -> None:
        for moment in sorted(chance.sample(range(MESSAGES // 100, MESSAGES * 9 // 10), CRASHES)):
            await town.wait_until_answered(moment)
            await asyncio.sleep(chance.random() / 50)  # no event: any moment of a commit must do
            town.server_up.clear()
            await asyncio.to_thread(restartable_server.kill)
            await asyncio.to_thread(restartable_server.start)
            town.server_up.set()

    async with asyncio.timeout(580):
        await town.create_users()
        await asyncio.gather(crashes(), *(talker.run() for talker in town.users))
        assert town.answered_count == MESSAGES
        assert sum(talker.reconnects for talker in town.users) >= PEOPLE * CRASHES / 2, "the crashes were felt"
        await town.verify()
    await asyncio.to_thread(restartable_server.stop)
    checked = await asyncio.to_thread(run_cli, "check", "--data", str(restartable_server.folder))
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.endswith(f" {MESSAGES} messages, {2 * MESSAGES} events: OK\n"), checked.stdout
