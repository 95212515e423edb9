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

from bussa_server.serving import FILES
from tests.deployment.playing import until
from tests.deployment.topology import Topology
from tests.scenes.device import Device, connect
from tests.scenes.serving import (
    ADMIN_KEY,
    BUSSA,
    SECONDS,
    Host,
    Server,
    bussa,
    environment,
    free_port,
    room_for_files,
    sign,
)

WORKERS = 3
CROWD = 300
FAIR = 60
"""Connections that each worker gets of 300 at the least: five standard deviations below its share of 100."""


class Workers(Server):
    """One port, several processes; on the Redis and PostgreSQL of the deployment."""

    def __init__(self, topology: Topology, log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.socket_url = f"ws://127.0.0.1:{self.port}/v1/socket"
        given = next(iter(topology.nodes.values())).environment
        self._log = log
        with log.open("wb") as output:
            self._foreman = subprocess.Popen(
                [BUSSA, "serve", "--workers", str(WORKERS), "--port", str(self.port)],
                env=environment(**given),
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
        assert self._foreman.stdout is not None
        readable, _, _ = select.select([self._foreman.stdout], [], [], SECONDS)
        line = self._foreman.stdout.readline().decode() if readable else "nothing"
        assert self.url in line, f"it said {line!r}, and logged:\n{self.log}"

    @property
    def pids(self) -> set[int]:
        return {child.pid for child in psutil.Process(self._foreman.pid).children()}

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

    def end(self) -> int:
        self._foreman.send_signal(signal.SIGTERM)
        return self._foreman.wait(SECONDS)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._foreman.pid, signal.SIGKILL)
        self._foreman.wait(SECONDS)
        assert self._foreman.stdout is not None
        self._foreman.stdout.close()


@pytest.fixture
def workers(topology: Topology, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(topology, tmp_path / "workers.log")
    yield workers
    workers.close()
    errors = {json.loads(line)["event"] for line in workers.log.splitlines() if '"level": "error"' in line}
    assert errors <= {"a worker died"}, workers.log


async def test_a_crowd_is_spread_evenly_and_survives_a_worker(workers: Workers) -> None:
    host = Host(workers)
    token = sign(await host.person("crowd", dm_policy="anyone"))
    # A user may have 100 connections, so three of them come.
    tokens = [token, *[sign(await host.person(f"crowd-{number}", dm_policy="anyone")) for number in (2, 3)]]
    crowd = await asyncio.gather(*(connect(workers, tokens[number % 3]) for number in range(CROWD)))
    await host.close()

    before = workers.connections()
    assert len(before) == WORKERS
    assert min(room_for_files(pid) for pid in before) >= min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], FILES)
    assert min(before.values()) >= FAIR, before
    assert {workers.metric("bussa_connections") for _ in range(10)} == {CROWD}, "each worker answers for all"
    opened = workers.metric("bussa_connections_opened_total")

    victim, lost = before.most_common(1)[0]
    os.kill(victim, signal.SIGKILL)
    await until(lambda: workers.metric("bussa_connections") == CROWD - lost)
    await until(lambda: len(workers.pids - {victim}) == WORKERS)
    successor = (workers.pids - before.keys()).pop()

    async def come_back() -> list[Device]:
        return await asyncio.gather(*(connect(workers, tokens[number % 3]) for number in range(lost)))

    again = await come_back()
    assert workers.connections()[successor] >= 1
    assert workers.metric("bussa_connections") == CROWD
    assert workers.metric("bussa_connections_opened_total") == opened + lost
    gone = [device for device in crowd if device.socket.close_code is not None]
    assert [await device.closed() for device in gone] == [1006] * lost
    for device in again:
        assert (await device.ok("ping"))["type"] == "pong"

    assert await asyncio.to_thread(workers.end) == 0
    left = [device for device in [*crowd, *again] if device not in gone]
    assert {await device.closed() for device in left} == {1012}


async def test_people_on_two_workers_talk_live(workers: Workers) -> None:
    host = Host(workers)
    alice, bob = [await host.person(f"{name}-of-the-workers", dm_policy="anyone") for name in ("alice", "bob")]
    await host.close()
    hers = await connect(workers, sign(alice))
    his = [await connect(workers, sign(bob)) for _ in range(20)]
    assert len([pid for pid, count in workers.connections().items() if count]) > 1
    for n in range(1, 6):
        await hers.send(bob, f"word {n}")
        for device in his:
            got = await device.next()
            assert (got["type"], got["n"], got["text"]) == ("message", n, f"word {n}")
    await asyncio.gather(*(device.leave() for device in [hers, *his]))


@pytest.mark.parametrize(
    "given",
    [{}, {"BUSSA_REDIS_URL": "redis://127.0.0.1:1"}, {"BUSSA_DATABASE_URL": "postgresql://127.0.0.1:1/bussa"}],
)
def test_workers_that_share_nothing_are_refused_in_a_sentence(given: dict[str, str]) -> None:
    ran = bussa("serve", "--workers", "2", "--port", "0", BUSSA_ADMIN_KEY=ADMIN_KEY, **given)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "--redis-url" in ran.stderr
    assert "--database-url" in ran.stderr
