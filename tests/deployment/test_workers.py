"""``--workers N``: several processes on one port, each a node of its own."""

import asyncio
import contextlib
import json
import os
import resource
import select
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from bussa_server.tuning import RESERVED_FILES
from tests.deployment.session import eventually
from tests.deployment.topology import Topology
from tests.e2e.device import connect
from tests.e2e.server_process import (
    ADMIN_KEY,
    CLI,
    TIMEOUT,
    HostApp,
    Server,
    clean_environment,
    fd_table_size,
    free_port,
    run_cli,
    sign_token,
)

WORKERS = 3
CONNECTIONS = 300
MIN_SHARE = 60
"""Minimum of the 300 connections per worker: five standard deviations below its share of 100."""


class Workers(Server):
    """One port, several processes, on the Redis and PostgreSQL of the deployment."""

    def __init__(self, topology: Topology, log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.socket_url = f"ws://127.0.0.1:{self.port}/v1/socket"
        given = next(iter(topology.nodes.values())).environment
        self._log = log
        with log.open("wb") as output:
            self._supervisor = subprocess.Popen(
                [CLI, "serve", "--workers", str(WORKERS), "--port", str(self.port)],
                env=clean_environment(**given),
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
        assert self._supervisor.stdout is not None
        readable, _, _ = select.select([self._supervisor.stdout], [], [], TIMEOUT)
        line = self._supervisor.stdout.readline().decode() if readable else "nothing"
        assert self.url in line, f"it printed {line!r}; its log:\n{self.log}"

    @property
    def pids(self) -> set[int]:
        return {child.pid for child in psutil.Process(self._supervisor.pid).children()}

    def connections(self) -> Counter[int]:
        """How many connections each worker has accepted."""
        return Counter(
            {
                pid: sum(
                    found.status == psutil.CONN_ESTABLISHED and found.laddr.port == self.port
                    for found in psutil.Process(pid).net_connections("tcp")
                )
                for pid in self.pids
            }
        )

    def metric(self, name: str) -> float:
        lines = httpx.get(f"{self.url}/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.split("{")[0].split(" ")[0] == name)

    def stop_workers(self) -> int:
        self._supervisor.send_signal(signal.SIGTERM)
        return self._supervisor.wait(TIMEOUT)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._supervisor.pid, signal.SIGKILL)
        self._supervisor.wait(TIMEOUT)
        assert self._supervisor.stdout is not None
        self._supervisor.stdout.close()


@pytest.fixture
def workers(topology: Topology, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(topology, tmp_path / "workers.log")
    yield workers
    workers.close()
    errors = {json.loads(line)["event"] for line in workers.log.splitlines() if '"level": "error"' in line}
    assert errors <= {"worker died"}, workers.log


async def test_connections_are_spread_evenly_and_survive_a_worker_crash(workers: Workers) -> None:
    host = HostApp(workers)
    token = sign_token(await host.put_user("user-1", dm_policy="anyone"))
    # A user may have 100 connections, so there are three.
    tokens = [token, *[sign_token(await host.put_user(f"user-{number}", dm_policy="anyone")) for number in (2, 3)]]
    devices = await asyncio.gather(*(connect(workers, tokens[number % 3]) for number in range(CONNECTIONS)))
    await host.close()

    before = workers.connections()
    assert len(before) == WORKERS
    assert min(fd_table_size(pid) for pid in before) >= min(
        resource.getrlimit(resource.RLIMIT_NOFILE)[1], RESERVED_FILES
    )
    assert min(before.values()) >= MIN_SHARE, before
    assert {workers.metric("bussa_connections") for _ in range(10)} == {CONNECTIONS}, (
        "each worker must report the metrics of all"
    )
    opened = workers.metric("bussa_connections_opened_total")

    victim, lost = before.most_common(1)[0]
    os.kill(victim, signal.SIGKILL)
    await eventually(lambda: workers.metric("bussa_connections") == CONNECTIONS - lost)
    await eventually(lambda: len(workers.pids - {victim}) == WORKERS)
    successor = (workers.pids - before.keys()).pop()

    again = await asyncio.gather(*(connect(workers, tokens[number % 3]) for number in range(lost)))
    assert workers.connections()[successor] >= 1
    assert workers.metric("bussa_connections") == CONNECTIONS
    assert workers.metric("bussa_connections_opened_total") == opened + lost
    gone = [device for device in devices if device.socket.close_code is not None]
    assert [await device.wait_closed() for device in gone] == [1006] * lost
    for device in again:
        assert (await device.ok("ping"))["type"] == "pong"

    assert await asyncio.to_thread(workers.stop_workers) == 0
    left = [device for device in [*devices, *again] if device not in gone]
    assert {await device.wait_closed() for device in left} == {1012}


async def test_messages_cross_workers_live(workers: Workers) -> None:
    host = HostApp(workers)
    alice, bob = [await host.put_user(f"{name}-of-the-workers", dm_policy="anyone") for name in ("alice", "bob")]
    await host.close()
    hers = await connect(workers, sign_token(alice))
    his = [await connect(workers, sign_token(bob)) for _ in range(20)]
    assert len([pid for pid, count in workers.connections().items() if count]) > 1
    for n in range(1, 6):
        await hers.send(bob, f"word {n}")
        for device in his:
            got = await device.next_event()
            assert (got["type"], got["n"], got["text"]) == ("message", n, f"word {n}")
    await asyncio.gather(*(device.close() for device in [hers, *his]))


@pytest.mark.parametrize(
    "given",
    [{}, {"BUSSA_REDIS_URL": "redis://127.0.0.1:1"}, {"BUSSA_DATABASE_URL": "postgresql://127.0.0.1:1/bussa"}],
)
def test_workers_without_shared_stores_are_refused(given: dict[str, str]) -> None:
    ran = run_cli("serve", "--workers", "2", "--port", "0", BUSSA_ADMIN_KEY=ADMIN_KEY, **given)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "--redis-url" in ran.stderr
    assert "--database-url" in ran.stderr
