"""Attacks from their own process.

``python -m tests.abuse.attackers URL TOKEN SECONDS ATTACK…`` prints ``"ready"``. A line on its standard input starts
the attacks: all at the same time, each repeated for ``SECONDS`` (once with 0). Then it prints a line of JSON with the
rounds of each attack and the errors.
"""

import asyncio
import json
import sys
import time
import traceback

from tests.abuse.attacks import QUICK, SLOW, Attack, password_guessing
from tests.abuse.victim import Target, raise_fd_limit

COUNTS = QUICK | SLOW
BY_NAME = {attack.__name__: attack for attack in COUNTS}


async def repeat_attack(attack: Attack, target: Target, token: str, seconds: float, errors: list[str]) -> int:
    end, rounds = time.monotonic() + seconds, 0
    while not rounds or time.monotonic() < end:
        try:
            await attack(target, token, COUNTS[attack])
        except Exception as error:  # noqa: BLE001 - reported, and the other attacks go on
            errors.append(f"{attack.__name__}: {''.join(traceback.format_exception(error))[-2000:]}")
        rounds += 1
    return rounds


async def run_attacks(target: Target, token: str, seconds: float, attacks: list[Attack]) -> None:
    errors: list[str] = []
    # Last: the log-in limit of the address applies to the other attacks, too.
    attacks = sorted(attacks, key=lambda attack: attack is password_guessing)
    rounds = await asyncio.gather(*(repeat_attack(attack, target, token, seconds, errors) for attack in attacks))
    done = {attack.__name__: count for attack, count in zip(attacks, rounds, strict=True)}
    print(json.dumps({"rounds": done, "errors": errors}), flush=True)


def main() -> None:
    url, token, seconds, *names = sys.argv[1:]
    raise_fd_limit()
    target = Target(url)
    print(json.dumps("ready"), flush=True)
    sys.stdin.readline()
    asyncio.run(run_attacks(target, token, float(seconds), [BY_NAME[name] for name in names]))


if __name__ == "__main__":
    main()
