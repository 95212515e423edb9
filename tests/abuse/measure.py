"""Latencies of healthy pairs under each attack: ``python -m tests.abuse.measure [ATTACK…]``.

The attackers have one core. The server has the other one and shares it with the healthy pairs, which run with real-time
priority if root. So the latencies show what an attack does to the server: on the attackers' core the pairs would also
wait for uninterruptible work of the kernel. Each attack is repeated for `SECONDS`; at the end all of them, once and
then repeatedly.

*Usual* is measured in the `SECONDS` before, with the attackers' core kept busy: a virtual machine under load is also
preempted more often by its host. The last column is the time that was stolen so.
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.abuse.attackers import BY_NAME
from tests.abuse.helper_processes import HelperProcess, attackers, healthy
from tests.abuse.victim import MIB, Victim

SERVER_CORE, OUR_CORE = 0, 1
SECONDS = 8.0
MAX_SECONDS = 120.0
"""Seconds until an attack is given up: the slow ones take 10 and more, and all of them together longer."""

ALL = ("all", "all-again")


class Row:
    """One row of the table: an attack, and the baseline just before it."""

    def __init__(self, victim: Victim, token: str, pairs: HelperProcess) -> None:
        self._victim = victim
        self._token = token
        self._pairs = pairs

    async def measure(self, name: str) -> str:
        names = list(BY_NAME) if name in ALL else [name]
        seconds = 0.0 if name == "all" else SECONDS
        victim = self._victim
        async with attackers(victim, self._token, seconds, *names) as attack:
            with _busy_core():
                await self._pairs.report()
                await asyncio.sleep(SECONDS)
                usual = await self._pairs.report()
            sockets, stolen = victim.open_sockets, _steal_time()
            await attack.trigger()
            peak, outcome = await self._watch(asyncio.create_task(attack.read_answer(MAX_SECONDS)))
            under = await self._pairs.report()
            stolen = _steal_time() - stolen
        async with asyncio.timeout(45):
            while victim.open_sockets > sockets:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.05)
        await asyncio.to_thread(victim.assert_healthy)
        for error in outcome["errors"]:
            print(error)
        return (
            f"{name:<22}{_ms(usual, 'p99')}{_ms(under, 'p50')}{_ms(under, 'p99')}{under['p99'] / usual['p99']:>7.1f}"
            f"{_ms(under, 'worst')}{under['count']:>7}{peak / MIB:>6.0f}{stolen * 1e3:>7.0f} ms"
        )

    async def _watch(self, task: asyncio.Task[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        peak = 0
        while not task.done():
            peak = max(peak, self._victim.resident_bytes)
            await asyncio.wait([task], timeout=0.05)
        return peak, task.result()


TABLE_HEADER = (
    f"{'':<22}{'usual p99':>10}{'p50':>10}{'p99':>10}{'ratio':>7}{'worst':>10}{'count':>7}{'MiB':>6}{'stolen':>10}"
)


@contextlib.contextmanager
def _busy_core() -> Iterator[None]:
    """Keep the attackers' core busy."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as spinning:
        try:
            yield
        finally:
            spinning.kill()


def _steal_time() -> float:
    """Seconds stolen from the server's core by the host since the boot (proc(5), /proc/stat)."""
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{SERVER_CORE} "):
            return int(line.split()[8]) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _ms(report: dict[str, Any], name: str) -> str:
    return f"{report[name] * 1e3:>7.1f} ms"


async def measure(names: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="bussa-abuse-") as folder, contextlib.ExitStack() as stack:
        victim = Victim(Path(folder) / "data")
        stack.callback(victim.stop)
        _pin(victim.process.pid)
        token, _ = await asyncio.to_thread(victim.create_users, "mallory", "target")
        async with healthy(victim) as pairs:
            _prioritize(pairs)
            row = Row(victim, token, pairs)
            for name in names:
                print(await row.measure(name), flush=True)
            end = await pairs.stop()
        assert end["errors"] == [], end["errors"]
        assert end["arrived"] == end["sent"], "messages were lost"


def _prioritize(pairs: HelperProcess) -> None:
    """Run the pairs on the server's core with real-time priority, if root."""
    try:
        pairs.run_with_realtime_priority(SERVER_CORE)
    except PermissionError:
        print("Not root: latencies include the time that the pairs wait for a processor.", flush=True)


def _pin(process: int) -> None:
    """Pin all threads of the server to its core; later threads inherit it."""
    for thread in Path(f"/proc/{process}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {SERVER_CORE})


def main() -> None:
    choices = (*BY_NAME, *ALL)
    parser = argparse.ArgumentParser(prog="tests.abuse.measure", description=__doc__)
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=f"of {', '.join(choices)}; else every one")
    names: list[str] = parser.parse_args().attacks or list(choices)
    if unknown := set(names) - set(choices):
        parser.error(f"no such attack: {', '.join(unknown)}")
    os.sched_setaffinity(0, {OUR_CORE})
    print(TABLE_HEADER, flush=True)
    asyncio.run(measure(names))


if __name__ == "__main__":
    main()
