"""CPU per delivered message, closed loop: warm up, count for some seconds, read the server's CPU time."""

import asyncio
import time
from collections.abc import Callable, Sequence

from bench import clients, servers
from bench.clients import pack
from bench.runner import run
from bench.servers import Server
from bench.table import Line, Measured, median
from bussa_load.websocket import WebSocketConnection, connect, encode_frame

PAIRS = 100
TEXT = "x" * 120
"""As short as a typical direct message."""

WARM_SECONDS = 1.5
COUNT_SECONDS = 5.0


def measure(core: int | None, rounds: int, outstanding: Sequence[int]) -> list[Line]:
    """Echo and pairs in turn, so that both run under the same load of the machine."""
    lines: list[Line] = []
    for count_outstanding in outstanding:
        floor: list[Measured] = []
        pairs: list[Measured] = []
        for _ in range(rounds):
            with servers.echo(core) as server:
                floor.append(run(echo_round(server, count_outstanding)))
            with servers.bussa(core) as server:
                pairs.append(run(pairs_round(server, count_outstanding)))
        lines.append(median(f"echo, {count_outstanding} outstanding", floor, floor))
        lines.append(median(f"delivered, {count_outstanding} outstanding", pairs, floor))
    return lines


async def measure_cpu(cpu_seconds: Callable[[], float], done: Callable[[], int]) -> Measured:
    await asyncio.sleep(WARM_SECONDS)
    cpu, before, started = cpu_seconds(), done(), time.perf_counter()
    await asyncio.sleep(COUNT_SECONDS)
    seconds, cpu, count = time.perf_counter() - started, cpu_seconds() - cpu, done() - before
    return Measured(count / seconds, cpu / max(1, count) * 1e6, cpu / seconds)


async def echo_round(server: Server, outstanding: int) -> Measured:
    """Frames as long as a ``send``, ``outstanding`` of them in flight on each of 100 connections."""
    echoed = 0
    frame = encode_frame(send("u000", "n" * 12, 1))

    def on_frame(connection: WebSocketConnection, _: bytes) -> None:
        nonlocal echoed
        echoed += 1
        connection.transport.write(frame)

    connections = [await connect("127.0.0.1", server.port, "bussa.v1.msgpack", on_frame) for _ in range(PAIRS)]
    for connection in connections:
        for _ in range(outstanding):
            connection.transport.write(frame)
    measured = await measure_cpu(server.cpu_seconds, lambda: echoed)
    clients.abort_all(connections)
    return measured


async def pairs_round(server: Server, outstanding: int, count_pairs: int | None = None) -> Measured:
    pairs = await Pairs.open(server, server, count_pairs)
    pairs.start(outstanding)
    measured = await measure_cpu(server.cpu_seconds, lambda: pairs.delivered)
    pairs.close()
    return measured


class Pairs:
    """100 pairs, or ``count_pairs``: A writes to B, who may be on another node."""

    def __init__(self, count_pairs: int) -> None:
        self.delivered = 0
        self._run = time.time_ns()
        self._sent = [0] * count_pairs
        self._pair_of: dict[WebSocketConnection, int] = {}
        self._recipients: list[WebSocketConnection] = []

    @staticmethod
    async def open(of_a: Server, of_b: Server, count_pairs: int | None = None) -> "Pairs":
        count_pairs = count_pairs or PAIRS
        pairs = Pairs(count_pairs)
        tokens = await clients.create_users(of_a, [f"{side}{pair}" for side in "ab" for pair in range(count_pairs)])
        for pair in range(count_pairs):
            pairs._recipients.append(
                (await clients.connect_device(of_b, tokens[f"b{pair}"], pairs._on_event)).connection
            )
        for pair in range(count_pairs):
            connection = (await clients.connect_device(of_a, tokens[f"a{pair}"], pairs._on_reply)).connection
            pairs._pair_of[connection] = pair
        return pairs

    def start(self, outstanding: int) -> None:
        """Each A keeps ``outstanding`` sends in flight from now on."""
        for connection in self._pair_of:
            for _ in range(outstanding):
                self._send(connection)

    def close(self) -> None:
        clients.abort_all([*self._pair_of, *self._recipients])

    def _send(self, connection: WebSocketConnection) -> None:
        pair = self._pair_of[connection]
        self._sent[pair] += 1
        connection.send(send(f"b{pair}", f"{self._run}-{pair}-{self._sent[pair]}", self._sent[pair]))

    def _on_reply(self, connection: WebSocketConnection, payload: bytes) -> None:
        if b"sent" in payload[:16]:
            self._send(connection)
        elif b"error" in payload[:16]:
            raise RuntimeError(f"refused: {payload!r}")

    def _on_event(self, connection: WebSocketConnection, payload: bytes) -> None:
        if b"message" in payload[:16]:
            self.delivered += 1


def send(to: str, nonce: str, id: int) -> bytes:
    return pack({"type": "send", "id": id, "to": to, "text": TEXT, "nonce": nonce})
