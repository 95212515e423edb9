"""Healthy pairs in a process of their own: of each one writes, one reads, and both count.

``python -m tests.abuse.healthy_pairs PORT TOKEN…`` (of a writer and a reader, one after the other) begins at once. A
line on its standard input asks for what was counted since the last one; its end is the end. Answers are JSON, a line
each.
"""

import asyncio
import contextlib
import json
import random
import sys
import time
from typing import Any

from tests.transport.peer import Peer, json_frame, peer

SEND_INTERVALS = 0.045, 0.065
"""Seconds from a message's answer to the next one: below the limit of 20 a second. No two alike: all pairs are
answered at once, by one commit, and would go in step from then on."""


class WriterReaderPair:
    def __init__(self) -> None:
        self.sent = 0
        self.arrived = 0
        self.latencies: list[float] = []
        self.errors: list[str] = []
        self.stopping = False

    async def write(self, device: Peer, to: str) -> None:
        """One message after the other; each must be answered with the next number."""
        while not self.stopping:
            number = self.sent + 1
            text = json.dumps([number, time.perf_counter()])
            await device.write(
                json_frame({"type": "send", "id": number, "to": to, "text": text, "nonce": f"n-{number}"})
            )
            told = await device.receive()
            if told["type"] != "sent" or told["n"] != number:
                self.errors.append(f"message {number} was answered {told}")
            self.sent = number
            await asyncio.sleep(random.uniform(*SEND_INTERVALS))

    async def read(self, device: Peer) -> None:
        while True:
            told = await device.receive()
            now = time.perf_counter()
            number, then = json.loads(told["text"])
            if (told["n"], number) != (self.arrived + 1, self.arrived + 1):
                self.errors.append(f"{told} came after {self.arrived}")
            self.arrived = number
            self.latencies.append(now - then)


def report(pairs: list[WriterReaderPair]) -> dict[str, Any]:
    latencies = sorted(latency for pair in pairs for latency in pair.latencies)
    for pair in pairs:
        pair.latencies = []
    return {
        "sent": sum(pair.sent for pair in pairs),
        "arrived": sum(pair.arrived for pair in pairs),
        "complaints": [complaint for pair in pairs for complaint in pair.errors],
        "count": len(latencies),
        "p50": latencies[len(latencies) // 2] if latencies else None,
        "p99": latencies[len(latencies) * 99 // 100] if latencies else None,
        "worst": latencies[-1] if latencies else None,
    }


async def run_pairs(port: int, tokens: list[str]) -> None:
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    pairs: list[WriterReaderPair] = []
    async with contextlib.AsyncExitStack() as stack:
        work: list[tuple[WriterReaderPair, asyncio.Task[None], asyncio.Task[None]]] = []
        for writer, reader in zip(tokens[::2], tokens[1::2], strict=True):
            pair = WriterReaderPair()
            pairs.append(pair)
            one = await stack.enter_async_context(peer(port))
            other = await stack.enter_async_context(peer(port))
            await one.greet(writer)
            to = (await other.greet(reader))["user"]
            work.append((pair, asyncio.create_task(pair.write(one, to)), asyncio.create_task(pair.read(other))))
        while await lines.readline():
            print(json.dumps(report(pairs)), flush=True)
        for pair in pairs:
            pair.stopping = True
        with contextlib.suppress(TimeoutError):  # then less has arrived than was sent, and the report says so
            async with asyncio.timeout(10):
                await asyncio.gather(*(writing for _, writing, _ in work), return_exceptions=True)
                while any(pair.arrived < pair.sent for pair in pairs):  # noqa: ASYNC110 - nobody says when
                    await asyncio.sleep(SEND_INTERVALS[0])
        for pair, *tasks in work:
            for task in tasks:
                if task.done() and task.exception() is not None:
                    pair.errors.append(repr(task.exception()))
                task.cancel()
    print(json.dumps(report(pairs)), flush=True)


if __name__ == "__main__":
    asyncio.run(run_pairs(int(sys.argv[1]), sys.argv[2:]))
