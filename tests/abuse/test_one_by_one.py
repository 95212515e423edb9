"""Each attack alone: it ends as it must, and leaves nothing behind."""

import asyncio

import pytest

from tests.abuse.attacks import QUICK, Attack
from tests.abuse.victim import MIB, Victim


@pytest.mark.parametrize("attack", QUICK, ids=lambda attack: attack.__name__)
async def test_an_attack_ends_as_it_must(victim: Victim, token: str, attack: Attack) -> None:
    await asyncio.to_thread(victim.unharmed)
    sockets, resident = victim.sockets, victim.resident
    await attack(victim, token, QUICK[attack])
    await victim.forgotten(sockets)
    await asyncio.to_thread(victim.unharmed)
    print(f"{attack.__name__}: {(victim.resident - resident) / MIB:.0f} MiB more")
    assert victim.resident - resident < 200 * MIB
