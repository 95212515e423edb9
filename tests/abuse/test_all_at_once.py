"""Everything at once, while healthy pairs go on exchanging messages."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.abuse.attacks import PATIENT, QUICK, log_ins
from tests.abuse.victim import MIB, SECONDS, Victim

ROOT = Path(__file__).parents[2]
PAIRS = 5
USUAL_SECONDS = 3.0
CEILING = 400 * MIB
"""Memory of the whole server under all of this. It begins with some 70 MiB."""


class Pair:
    """See `tests.abuse.healthy`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def report(self) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(b"\n")
        async with asyncio.timeout(SECONDS):
            return json.loads(await stdout.readline())

    async def end(self) -> dict[str, Any]:
        out, _ = await asyncio.wait_for(self._process.communicate(b""), SECONDS)
        return json.loads(out.splitlines()[-1])


@pytest.fixture
async def pair(victim: Victim) -> AsyncIterator[Pair]:
    tokens = await asyncio.to_thread(
        victim.people, *(f"{side}-{pair}" for pair in range(PAIRS) for side in ("writer", "reader"))
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.abuse.healthy", str(victim.port), *tokens),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    yield Pair(process)
    if process.returncode is None:
        process.kill()
        await process.wait()


async def test_healthy_pairs_go_on(victim: Victim, token: str, pair: Pair) -> None:
    await pair.report()
    await asyncio.sleep(USUAL_SECONDS)
    usual = await pair.report()
    await asyncio.to_thread(victim.unharmed)
    sockets, most = victim.sockets, victim.resident

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, victim.resident)
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    async with asyncio.TaskGroup() as all_at_once:
        for attack, count in (QUICK | PATIENT).items():
            if attack is not log_ins:
                all_at_once.create_task(attack(victim, token, count))
        # Of an address that guesses others log in no more either: last, for the attack itself is to be let in.
        all_at_once.create_task(log_ins(victim, token, QUICK[log_ins]))
    under_attack = await pair.report()
    watching.cancel()
    end = await pair.end()
    await victim.forgotten(sockets)
    await asyncio.to_thread(victim.unharmed)

    assert end["complaints"] == []
    assert end["arrived"] == end["sent"], "lost"
    assert usual["count"] > 0
    assert under_attack["count"] > 0, "it stood still"
    assert most < CEILING
    print(
        f"usual: {usual['count'] / USUAL_SECONDS:.0f}/s, p99 {usual['p99'] * 1e3:.1f} ms; under attack: "
        f"{under_attack['count']} messages, p50 {under_attack['p50'] * 1e3:.1f} ms, "
        f"p99 {under_attack['p99'] * 1e3:.1f} ms ({under_attack['p99'] / usual['p99']:.1f} times), "
        f"worst {under_attack['worst'] * 1e3:.0f} ms; at most {most / MIB:.0f} MiB"
    )
