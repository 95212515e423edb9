"""One measurement: warm up, count for a while, read the server's CPU time."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import msgpack

from bench.servers import ADMIN, Server
from load.wire import Wire, connect, frame

PAIRS = 100
TEXT = "x" * 120
"""A direct message is short."""

WARM_SECONDS = 1.5
COUNT_SECONDS = 5.0


@dataclass(frozen=True)
class Measured:
    """Per second and per delivered message (for the echo: per frame echoed)."""

    rate: float
    cpu_micros: float
    core: float
    """How much of its core the server used: 1.0 is all of it."""


async def count(server: Server, delivered: Callable[[], int]) -> Measured:
    await asyncio.sleep(WARM_SECONDS)
    cpu, before, started = server.cpu_seconds(), delivered(), time.perf_counter()
    await asyncio.sleep(COUNT_SECONDS)
    seconds, cpu, messages = time.perf_counter() - started, server.cpu_seconds() - cpu, delivered() - before
    return Measured(messages / seconds, cpu / max(1, messages) * 1e6, cpu / seconds)


async def echo_round(server: Server, outstanding: int) -> Measured:
    """Frames as long as a ``send``, ``outstanding`` of them under way on each of 100 connections."""
    echoed = 0
    payload = frame(_send("u000", "n" * 12, 1), binary=True)

    def on_frame(wire: Wire, _: bytes) -> None:
        nonlocal echoed
        echoed += 1
        wire.transport.write(payload)

    wires = [await _open(server, on_frame) for _ in range(PAIRS)]
    for wire in wires:
        for _ in range(outstanding):
            wire.transport.write(payload)
    measured = await count(server, lambda: echoed)
    _close(wires)
    return measured


async def pairs_round(server: Server, outstanding: int) -> Measured:
    """100 pairs, A writes to B, ``outstanding`` sends of each A not yet answered; counts what reaches B."""
    delivered = 0
    tokens = await _people(server)
    run = time.time_ns()

    def on_sender(wire: Wire, payload: bytes) -> None:
        if b"sent" in payload[:16]:
            _next(wire)
        elif b"error" in payload[:16]:
            raise RuntimeError(f"refused: {payload!r}")

    def on_recipient(wire: Wire, payload: bytes) -> None:
        nonlocal delivered
        if b"message" in payload[:16]:
            delivered += 1

    pair_of: dict[Wire, int] = {}
    sent = [0] * PAIRS

    def _next(wire: Wire) -> None:
        pair = pair_of[wire]
        sent[pair] += 1
        payload = _send(f"b{pair}", f"{run}-{pair}-{sent[pair]}", sent[pair])
        wire.transport.write(frame(payload, binary=True))

    recipients = [await _greet(server, tokens[f"b{pair}"], on_recipient) for pair in range(PAIRS)]
    senders = [await _greet(server, tokens[f"a{pair}"], on_sender) for pair in range(PAIRS)]
    for pair, wire in enumerate(senders):
        pair_of[wire] = pair
        for _ in range(outstanding):
            _next(wire)
    measured = await count(server, lambda: delivered)
    _close(senders + recipients)
    return measured


def _send(to: str, nonce: str, id: int) -> bytes:
    return msgpack.packb({"type": "send", "id": id, "to": to, "text": TEXT, "nonce": nonce})


async def _people(server: Server) -> dict[str, str]:
    """100 pairs whose doors are open, and a token of each."""
    tokens: dict[str, str] = {}
    admin = {"authorization": f"Bearer {ADMIN}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", headers=admin) as http:
        for name in [f"{side}{pair}" for side in "ab" for pair in range(PAIRS)]:
            (await http.put(f"/v1/users/{name}", json={"dm_policy": "anyone"})).raise_for_status()
            tokens[name] = (await http.post(f"/v1/users/{name}/tokens")).raise_for_status().json()["token"]
    return tokens


async def _open(server: Server, on_frame: Callable[[Wire, bytes], None]) -> Wire:
    return await connect("127.0.0.1", server.port, "bussa.v1.msgpack", on_frame)


async def _greet(server: Server, token: str, on_frame: Callable[[Wire, bytes], None]) -> Wire:
    welcomed = asyncio.get_running_loop().create_future()

    def first(wire: Wire, payload: bytes) -> None:
        if welcomed.done():
            on_frame(wire, payload)
        else:
            welcomed.set_result(payload)

    wire = await _open(server, first)
    wire.transport.write(frame(msgpack.packb({"type": "hello", "token": token}), binary=True))
    await welcomed
    return wire


def _close(wires: list[Wire]) -> None:
    for wire in wires:
        wire.transport.abort()
