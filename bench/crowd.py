"""What a delivered message costs among few connections, and among very many that say nothing."""

from bench import people, servers
from bench.rounds import PAIRS, echo_round, pairs_round
from bench.runs import run
from bench.servers import Server
from bench.table import Line, Measured, median

FEW_PAIRS = 5
UNDER_WAY = 800
"""Sends under way in all: the same load whoever carries it."""


def measure(core: int | None, rounds: int, crowd: int) -> list[Line]:
    """Ten connections, two hundred, and two hundred among ``crowd``."""
    few, usual, many = (f"{count:,} connections" for count in (2 * FEW_PAIRS, 2 * PAIRS, crowd))
    found: dict[str, list[Measured]] = {few: [], usual: [], many: []}
    floor: list[Measured] = []
    for _ in range(rounds):
        with servers.echo(core) as server:
            floor.append(run(echo_round(server, UNDER_WAY // PAIRS)))
        with servers.bussa(core) as server:
            found[few].append(run(pairs_round(server, UNDER_WAY // FEW_PAIRS, FEW_PAIRS)))
        with servers.bussa(core) as server:
            found[usual].append(run(pairs_round(server, UNDER_WAY // PAIRS)))
        with servers.bussa(core) as server:
            found[many].append(run(_among(server, crowd - 2 * PAIRS)))
    lines = [median(f"delivered, {name}", measured, floor) for name, measured in found.items()]
    base = lines[1].cpu_micros or 1.0
    return [
        Line(line.name, line.rate, line.cpu_micros, line.core, line.ratio, f"{(line.cpu_micros or 0.0) / base:.2f} ×")
        for line in lines
    ]


async def _among(server: Server, others: int) -> Measured:
    tokens = await people.make(server, [f"idle{number}" for number in range(max(0, others))])

    async def come(token: str) -> people.Greeted:
        return await people.greet(server, token, people.ignore)

    devices = await people.several(come, list(tokens.values()))
    measured = await pairs_round(server, UNDER_WAY // PAIRS)
    people.close(device.wire for device in devices)
    return measured
