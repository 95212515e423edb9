"""Open loop: latency at a rate, counted from when each message was due."""

import asyncio
import time

from bench import people, servers
from bench.rounds import TEXT
from bench.runs import loaded, run
from bench.servers import Server
from bench.table import Line
from bussa_load.device import stamp_of, stamped
from bussa_load.meter import Meter, histogram, percentiles
from bussa_load.plan import Plan, due
from bussa_load.runner import until
from bussa_load.wire import Wire, connect, frame

CONNECTIONS = 200
SECONDS = 10.0


def measure(core: int | None, rate: float, name: str) -> list[Line]:
    """The echo at ``rate`` and Bussa at ``rate``; the ratio is of their p99."""
    plan = Plan("pairs", CONNECTIONS, SECONDS, rate=rate)
    with servers.echo(core) as server:
        floor = run(_echo(server, plan))
    with servers.bussa(core) as server:
        outcome = loaded(server, plan)
    return [
        _line(f"echo, {name}", floor, floor),
        _line(f"delivered, {name}", percentiles(histogram(outcome.counts.delivered)), floor),
    ]


async def _echo(server: Server, plan: Plan) -> dict[str, float]:
    meter = Meter(time.perf_counter())

    def on_frame(wire: Wire, payload: bytes) -> None:
        meter.delivery(stamp_of(payload.decode())[0], time.perf_counter())

    wires = [
        await connect("127.0.0.1", server.port, "bussa.v1.msgpack", on_frame) for _ in range(plan.connections // 2)
    ]
    started = time.perf_counter()
    for when, which in due(plan, len(wires)):
        at = started + when
        await until(at)
        wires[which].transport.write(frame(stamped(at, 1, len(TEXT)).encode(), binary=True))
    await asyncio.sleep(1)
    people.close(wires)
    return percentiles(histogram(meter.counts.delivered))


def _line(name: str, ms: dict[str, float], floor: dict[str, float]) -> Line:
    note = f"p50 {ms['p50']:.2f} ms, p99 {ms['p99']:.2f} ms, longest {ms['p100']:.1f} ms"
    return Line(name, ratio=ms["p99"] / floor["p99"], note=note)
