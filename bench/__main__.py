"""``make bench``: the table. Medians of interleaved rounds; each figure also as a ratio to the echo's."""

import argparse
import asyncio
import os
import platform
import statistics

import uvloop

from bench import rounds, servers
from bench.rounds import Measured

SERVER_CORE, OUR_CORE = 0, 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each row; the median is shown")
    parser.add_argument("--outstanding", type=int, nargs="*", default=[1, 8, 32])
    given = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("bench: needs two cores, one for the server and one for whoever measures")
    os.sched_setaffinity(0, {OUR_CORE})
    print(f"Python {platform.python_version()}, {rounds.PAIRS} pairs, texts of {len(rounds.TEXT)} characters,")
    print(f"the server on one core, {given.rounds} rounds of {rounds.COUNT_SECONDS:.0f} s each, medians\n")
    print("                          outstanding      rate/s   CPU µs each   of the core   × echo")
    for outstanding in given.outstanding:
        floor: list[Measured] = []
        pairs: list[Measured] = []
        for _ in range(given.rounds):
            with servers.echo(SERVER_CORE) as server:
                floor.append(_run(rounds.echo_round(server, outstanding)))
            with servers.bussa(SERVER_CORE) as server:
                pairs.append(_run(rounds.pairs_round(server, outstanding)))
        base = statistics.median(m.cpu_micros for m in floor)
        _row("echo (the floor)", outstanding, floor, base)
        _row("delivered, durable", outstanding, pairs, base)


def _run(measurement) -> Measured:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measurement)


def _row(name: str, outstanding: int, measured: list[Measured], base: float) -> None:
    rate, cpu, core = (
        statistics.median(values) for values in zip(*((m.rate, m.cpu_micros, m.core) for m in measured), strict=True)
    )
    print(f"{name:<26}{outstanding:>11}{rate:>12,.0f}{cpu:>14.1f}{core:>13.0%}{cpu / base:>9.2f}", flush=True)


if __name__ == "__main__":
    main()
