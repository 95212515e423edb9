"""All attacks at once, while healthy pairs exchange messages."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.abuse.attackers import BY_NAME
from tests.abuse.helper_processes import HelperProcess, attackers, healthy
from tests.abuse.victim import MIB, Victim

BASELINE_SECONDS = 3.0
ATTACK_TIMEOUT = 120.0
MEMORY_LIMIT = 400 * MIB
"""Limit of the server's memory under all attacks. It starts with some 70 MiB."""


@pytest.fixture
async def pairs(victim: Victim) -> AsyncIterator[HelperProcess]:
    async with healthy(victim) as process:
        yield process


async def test_healthy_pairs_exchange_messages_under_all_attacks(
    victim: Victim, token: str, pairs: HelperProcess
) -> None:
    async with attackers(victim, token, 0.0, *BY_NAME) as attack:
        await pairs.report()
        await asyncio.sleep(BASELINE_SECONDS)
        baseline = await pairs.report()
        await asyncio.to_thread(victim.assert_healthy)
        sockets, peak = victim.open_sockets, victim.resident_bytes
        await attack.trigger()
        attacking = asyncio.create_task(attack.read_answer(ATTACK_TIMEOUT))
        while not attacking.done():
            peak = max(peak, victim.resident_bytes)
            await asyncio.wait([attacking], timeout=0.02)
        under_attack = await pairs.report()
    end = await pairs.stop()
    await victim.wait_connections_closed(sockets)
    await asyncio.to_thread(victim.assert_healthy)

    assert attacking.result()["errors"] == []
    assert end["errors"] == []
    assert end["arrived"] == end["sent"], "messages were lost"
    assert baseline["count"] > 0
    assert under_attack["count"] > 0, "no message arrived during the attacks"
    assert peak < MEMORY_LIMIT
    print(
        f"usual: {baseline['count'] / BASELINE_SECONDS:.0f}/s, p99 {baseline['p99'] * 1e3:.1f} ms; under attack: "
        f"{under_attack['count']} messages, p50 {under_attack['p50'] * 1e3:.1f} ms, "
        f"p99 {under_attack['p99'] * 1e3:.1f} ms ({under_attack['p99'] / baseline['p99']:.1f} times), "
        f"worst {under_attack['worst'] * 1e3:.0f} ms; at peak {peak / MIB:.0f} MiB"
    )
