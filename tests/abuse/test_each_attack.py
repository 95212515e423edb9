"""Each attack alone: the server ends it as expected and leaks nothing."""

import asyncio

import pytest

from tests.abuse.attacks import QUICK, Attack
from tests.abuse.victim import MIB, Victim


@pytest.mark.parametrize("attack", QUICK, ids=lambda attack: attack.__name__)
async def test_attack_ends_as_expected_and_leaks_nothing(victim: Victim, token: str, attack: Attack) -> None:
    await asyncio.to_thread(victim.assert_healthy)
    sockets, resident = victim.open_sockets, victim.resident_bytes
    await attack(victim, token, QUICK[attack])
    await victim.wait_connections_closed(sockets)
    await asyncio.to_thread(victim.assert_healthy)
    print(f"{attack.__name__}: {(victim.resident_bytes - resident) / MIB:.0f} MiB more")
    assert victim.resident_bytes - resident < 200 * MIB
