"""CPU per delivered message with few connections, and among many idle ones."""

from bench import clients, servers
from bench.closed_loop import PAIRS, echo_round, pairs_round
from bench.runner import run
from bench.servers import Server
from bench.table import Line, Measured, median

FEW_PAIRS = 5
IN_FLIGHT = 800
"""Sends in flight in total: the same load for every number of connections."""


def measure(core: int | None, rounds: int, crowd: int) -> list[Line]:
    """Ten connections, two hundred, and two hundred among ``crowd``."""
    few, usual, many = (f"{count:,} connections" for count in (2 * FEW_PAIRS, 2 * PAIRS, crowd))
    found: dict[str, list[Measured]] = {few: [], usual: [], many: []}
    floor: list[Measured] = []
    for _ in range(rounds):
        with servers.echo(core) as server:
            floor.append(run(echo_round(server, IN_FLIGHT // PAIRS)))
        with servers.bussa(core) as server:
            found[few].append(run(pairs_round(server, IN_FLIGHT // FEW_PAIRS, FEW_PAIRS)))
        with servers.bussa(core) as server:
            found[usual].append(run(pairs_round(server, IN_FLIGHT // PAIRS)))
        with servers.bussa(core) as server:
            found[many].append(run(_among(server, crowd - 2 * PAIRS)))
    lines = [median(f"delivered, {name}", measured, floor) for name, measured in found.items()]
    base = lines[1].cpu_micros or 1.0
    return [
        Line(line.name, line.rate, line.cpu_micros, line.core, line.ratio, f"{(line.cpu_micros or 0.0) / base:.2f} ×")
        for line in lines
    ]


async def _among(server: Server, others: int) -> Measured:
    tokens = await clients.create_users(server, [f"idle{number}" for number in range(max(0, others))])

    async def connect(token: str) -> clients.Connected:
        return await clients.connect_device(server, token, clients.ignore)

    devices = await clients.gather_limited(connect, list(tokens.values()))
    measured = await pairs_round(server, IN_FLIGHT // PAIRS)
    clients.abort_all(device.connection for device in devices)
    return measured
