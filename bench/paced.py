"""Open loop: latency at a rate, counted from the due time of each message."""

import asyncio
import time

from bench import clients, servers
from bench.closed_loop import TEXT
from bench.runner import run, run_plan
from bench.servers import Server
from bench.table import Line
from bussa_load.device import parse_stamp, stamp_text
from bussa_load.meter import Meter, histogram, percentiles
from bussa_load.plan import Plan, schedule
from bussa_load.runner import sleep_until
from bussa_load.websocket import WebSocketConnection, connect

CONNECTIONS = 200
SECONDS = 10.0


def measure(core: int | None, rate: float, name: str) -> list[Line]:
    """The echo and Bussa at ``rate``; the ratio is that of their p99."""
    plan = Plan("pairs", CONNECTIONS, SECONDS, rate=rate)
    with servers.echo(core) as server:
        floor = run(_echo(server, plan))
    with servers.bussa(core) as server:
        outcome = run_plan(server, plan)
    return [
        _line(f"echo, {name}", floor, floor),
        _line(f"delivered, {name}", percentiles(histogram(outcome.counts.delivered)), floor),
    ]


async def _echo(server: Server, plan: Plan) -> dict[str, float]:
    meter = Meter(time.perf_counter())

    def on_frame(connection: WebSocketConnection, payload: bytes) -> None:
        meter.record_delivery(parse_stamp(payload.decode())[0], time.perf_counter())

    connections = [
        await connect("127.0.0.1", server.port, "bussa.v1.msgpack", on_frame) for _ in range(plan.connections // 2)
    ]
    started = time.perf_counter()
    for when, which in schedule(plan, len(connections)):
        at = started + when
        await sleep_until(at)
        connections[which].send(stamp_text(at, 1, len(TEXT)).encode())
    await asyncio.sleep(1)
    clients.abort_all(connections)
    return percentiles(histogram(meter.counts.delivered))


def _line(name: str, ms: dict[str, float], floor: dict[str, float]) -> Line:
    note = f"p50 {ms['p50']:.2f} ms, p99 {ms['p99']:.2f} ms, longest {ms['p100']:.1f} ms"
    return Line(name, ratio=ms["p99"] / floor["p99"], note=note)
