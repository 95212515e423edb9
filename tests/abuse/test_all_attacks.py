"""Everything at once, while healthy pairs go on exchanging messages."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.abuse.attackers import BY_NAME
from tests.abuse.helper_processes import HelperProcess, attackers, healthy
from tests.abuse.victim import MIB, Victim

BASELINE_SECONDS = 3.0
ATTACK_TIMEOUT = 120.0
MEMORY_LIMIT = 400 * MIB
"""Memory of the whole server under all of this. It begins with some 70 MiB."""


@pytest.fixture
async def pairs(victim: Victim) -> AsyncIterator[HelperProcess]:
    async with healthy(victim) as them:
        yield them


async def test_healthy_pairs_exchange_messages_under_all_attacks(
    victim: Victim, token: str, pairs: HelperProcess
) -> None:
    async with attackers(victim, token, 0.0, *BY_NAME) as them:
        await pairs.report()
        await asyncio.sleep(BASELINE_SECONDS)
        usual = await pairs.report()
        await asyncio.to_thread(victim.assert_healthy)
        sockets, most = victim.open_sockets, victim.resident_bytes
        await them.trigger()
        attacking = asyncio.create_task(them.read_answer(ATTACK_TIMEOUT))
        while not attacking.done():
            most = max(most, victim.resident_bytes)
            await asyncio.wait([attacking], timeout=0.02)
        under_attack = await pairs.report()
    end = await pairs.stop()
    await victim.wait_connections_closed(sockets)
    await asyncio.to_thread(victim.assert_healthy)

    assert attacking.result()["complaints"] == []
    assert end["complaints"] == []
    assert end["arrived"] == end["sent"], "lost"
    assert usual["count"] > 0
    assert under_attack["count"] > 0, "it stood still"
    assert most < MEMORY_LIMIT
    print(
        f"usual: {usual['count'] / BASELINE_SECONDS:.0f}/s, p99 {usual['p99'] * 1e3:.1f} ms; under attack: "
        f"{under_attack['count']} messages, p50 {under_attack['p50'] * 1e3:.1f} ms, "
        f"p99 {under_attack['p99'] * 1e3:.1f} ms ({under_attack['p99'] / usual['p99']:.1f} times), "
        f"worst {under_attack['worst'] * 1e3:.0f} ms; at most {most / MIB:.0f} MiB"
    )
