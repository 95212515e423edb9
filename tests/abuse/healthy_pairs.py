"""Healthy pairs of a writer and a reader, in their own process.

``python -m tests.abuse.healthy_pairs PORT TOKEN…`` (tokens of a writer and a reader in turn) starts at once. For each
line on its standard input it prints a report of the time since the last one, as a line of JSON. The end of the input
stops it.
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
"""Seconds from a reply to the next message: below the limit of 20 a second. Random, since all pairs are answered by one
commit and would stay in step."""


class WriterReaderPair:
    def __init__(self) -> None:
        self.sent = 0
        self.arrived = 0
        self.latencies: list[float] = []
        self.errors: list[str] = []
        self.stopping = False

    async def write(self, device: Peer, to: str) -> None:
        """Send messages one after the other; each reply must have the next n."""
        while not self.stopping:
            number = self.sent + 1
            text = json.dumps([number, time.perf_counter()])
            await device.write(
                json_frame({"type": "send", "id": number, "to": to, "text": text, "nonce": f"n-{number}"})
            )
            reply = await device.receive()
            if reply["type"] != "sent" or reply["n"] != number:
                self.errors.append(f"message {number} was answered {reply}")
            self.sent = number
            await asyncio.sleep(random.uniform(*SEND_INTERVALS))

    async def read(self, device: Peer) -> None:
        while True:
            reply = await device.receive()
            now = time.perf_counter()
            number, then = json.loads(reply["text"])
            if (reply["n"], number) != (self.arrived + 1, self.arrived + 1):
                self.errors.append(f"after message {self.arrived} came {reply}")
            self.arrived = number
            self.latencies.append(now - then)


def report(pairs: list[WriterReaderPair]) -> dict[str, Any]:
    latencies = sorted(latency for pair in pairs for latency in pair.latencies)
    for pair in pairs:
        pair.latencies = []
    return {
        "sent": sum(pair.sent for pair in pairs),
        "arrived": sum(pair.arrived for pair in pairs),
        "errors": [error for pair in pairs for error in pair.errors],
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
        with contextlib.suppress(TimeoutError):  # the report shows what has not arrived
            async with asyncio.timeout(10):
                await asyncio.gather(*(writing for _, writing, _ in work), return_exceptions=True)
                while any(pair.arrived < pair.sent for pair in pairs):  # noqa: ASYNC110 - nothing signals it
                    await asyncio.sleep(SEND_INTERVALS[0])
        for pair, *tasks in work:
            for task in tasks:
                if task.done() and task.exception() is not None:
                    pair.errors.append(repr(task.exception()))
                task.cancel()
    print(json.dumps(report(pairs)), flush=True)


if __name__ == "__main__":
    asyncio.run(run_pairs(int(sys.argv[1]), sys.argv[2:]))
