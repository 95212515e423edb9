"""Several nodes on one PostgreSQL and one Redis, each connected through proxies that can cut the connection."""

import asyncio
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from tests import postgres
from tests.e2e.server_process import TIMEOUT, Server
from tests.failure.proxy import Proxy
from tests.failure.redis_servers import RedisServer, wait_until_stopped

OPTIONS = ("--send-rate", "0", "--frame-rate", "0", "--drain-seconds", "0.5")


class Node(Server):
    """A server that reaches its stores through its own proxies."""

    def __init__(self, folder: Path, redis: int, database: int, *options: str) -> None:
        """``redis`` and ``database`` are the ports of the stores."""
        self.redis = Proxy(redis)
        self.database = Proxy(database)
        super().__init__(
            folder,
            *options,
            "--redis-url",
            f"redis://127.0.0.1:{self.redis.port}",
            "--database-url",
            f"postgresql://postgres@127.0.0.1:{self.database.port}/postgres",
        )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None

    def freeze(self) -> None:
        """SIGSTOP: the process stands still, its connections stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        wait_until_stopped(self._process.pid)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def metric(self, name: str) -> float:
        """A metric, summed over its labels."""
        lines = httpx.get(f"{self.url}/metrics", timeout=TIMEOUT).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.split("{")[0].split(" ")[0] == f"bussa_{name}")

    @property
    def readiness(self) -> tuple[int, dict[str, Any]]:
        answer = httpx.get(f"{self.url}/readyz", timeout=TIMEOUT)
        return answer.status_code, answer.json()

    @property
    def is_ready(self) -> bool:
        """Whether it reaches its stores. (Whether it can commit shows only at the next commit.)"""
        status, body = self.readiness
        return status == 200 and "redis" not in body["degraded"]

    def close(self) -> None:
        for proxy in (self.redis, self.database):
            proxy.thaw()
        try:
            self.stop_and_check()
        finally:
            for proxy in (self.redis, self.database):
                proxy.close()


class Deployment:
    """The nodes and their stores. The methods block, except `query`."""

    def __init__(self, folder: Path, nodes: int, *options: str) -> None:
        self.redis = RedisServer(folder / "redis")
        self.database = postgres.Server()
        self.nodes = [
            Node(folder / f"node-{number}", self.redis.port, self.database.port, *(options or OPTIONS))
            for number in range(nodes)
        ]
        # The first node creates the tables.
        self.nodes[0].start()
        self.run_on(self.nodes[1:], Node.start)
        self.restore()

    def run_on(self, nodes: list[Node], work: Callable[[Node], None]) -> None:
        with ThreadPoolExecutor() as threads:
            list(threads.map(work, nodes))

    def restore(self) -> None:
        """Undo every fault, and wait until all nodes are ready."""
        for node in self.nodes:
            for proxy in (node.redis, node.database):
                proxy.drop_reply_to = proxy.from_server = None
                proxy.thaw()
            if not node.running:
                node.start()
            node.thaw()
        if not self.redis.running:
            self.redis.start()
        self.redis.thaw()
        for node in self.nodes:
            wait_until(lambda node=node: node.is_ready, f"{node.url} is ready")

    async def query(self, sql: str) -> Any:
        """One value, read directly from the database."""
        connection = await asyncpg.connect(self.database.url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    def close(self) -> None:
        try:
            self.run_on(self.nodes, Node.close)
        finally:
            self.redis.close()
            self.database.remove()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Poll ``condition`` until it holds. Fails after ``TIMEOUT``."""
    give_up = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < give_up, f"timed out waiting until {what}"
        time.sleep(0.02)


async def eventually(condition: Callable[[], bool], what: str) -> None:
    """`wait_until` in a thread, so that the event loop runs on."""
    await asyncio.to_thread(wait_until, condition, what)
