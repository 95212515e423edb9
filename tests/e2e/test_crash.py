"""The server is killed ten times during a long run: no answered message is lost."""

import asyncio
import os
import random

import pytest

from tests.e2e.long_run import LongRun
from tests.e2e.server_process import Server, run_cli

FULL = os.environ.get("CI") == "true" or "BUSSA_FULL" in os.environ
MESSAGES = 100_000 if FULL else 20_000
USERS = 200
CRASHES = 10


@pytest.mark.timeout(600)  # five times the duration on two busy cores
async def test_answered_messages_survive_ten_crashes(restartable_server: Server):
    rng = random.Random(1)
    await asyncio.to_thread(restartable_server.start)
    long_run = LongRun(restartable_server, USERS, MESSAGES, rng)

    async def crashes() -> None:
        for moment in sorted(rng.sample(range(MESSAGES // 100, MESSAGES * 9 // 10), CRASHES)):
            await long_run.wait_until_answered(moment)
            # On a slow machine the first to return would reach the next moment before the others are back.
            await long_run.wait_until_online()
            await asyncio.sleep(rng.random() / 50)  # at a random moment of a commit
            long_run.server_up.clear()
            await asyncio.to_thread(restartable_server.kill)
            await asyncio.to_thread(restartable_server.start)
            long_run.server_up.set()

    async with asyncio.timeout(580):
        await long_run.create_users()
        await asyncio.gather(crashes(), *(user.run() for user in long_run.users))
        assert long_run.answered_count == MESSAGES
        assert sum(user.reconnects for user in long_run.users) >= USERS * CRASHES / 2, (
            "hardly any user was connected when the server crashed"
        )
        await long_run.verify()
    await asyncio.to_thread(restartable_server.stop)
    checked = await asyncio.to_thread(run_cli, "check", "--data", str(restartable_server.folder))
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.endswith(f" {MESSAGES} messages, {2 * MESSAGES} events: OK\n"), checked.stdout
