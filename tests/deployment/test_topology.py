"""The deployment of docker-compose.yml, tested through its balancer."""

import asyncio
import signal

import asyncpg
import httpx
import pytest

from bussa import Client
from bussa_protocol.frames.events import MessageEvent
from tests.deployment.balancer import HAS_HAPROXY
from tests.deployment.session import Session, eventually
from tests.deployment.topology import Topology
from tests.e2e.device import Journal
from tests.e2e.server_process import TIMEOUT, sign_token

ONE, TWO = "bussa-1", "bussa-2"


async def test_messages_cross_servers_live(session: Session) -> None:
    alice, bob = await session.create_user("alice"), await session.create_user("bob")
    hers, his = await session.connect_to(ONE, alice), await session.connect_to(TWO, bob)
    for n in range(1, 21, 2):
        await hers.send(bob, f"{n} from the one")
        got = await his.next_event()
        assert (got["type"], got["n"], got["text"]) == ("message", n, f"{n} from the one")
        await his.send(alice, f"{n + 1} from the other")
        got = await hers.next_event()
        assert (got["type"], got["n"], got["text"]) == ("message", n + 1, f"{n + 1} from the other")


async def test_new_connections_go_to_the_least_loaded_server(session: Session) -> None:
    users = [await session.create_user(f"user-{number}") for number in range(20)]
    before = {name: node.metric("bussa_connections_opened_total") for name, node in session.topology.nodes.items()}
    await asyncio.gather(*(session.connect(user) for user in users))
    grown = [
        node.metric("bussa_connections_opened_total") - before[name] for name, node in session.topology.nodes.items()
    ]
    assert sum(grown) == 20
    assert min(grown) >= 8


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_server_restart_loses_no_message(session: Session, how: signal.Signals) -> None:
    topology = session.topology
    alice, bob = await session.create_user("alice"), await session.create_user("bob")
    witness = await session.connect_to(ONE, bob)
    opened = topology.nodes[ONE].metric("bussa_connections_opened_total")
    got: list[tuple[int, str]] = []
    async with Client(topology.url, sign_token(alice)) as hers, Client(topology.url, sign_token(bob)) as his:

        async def listen() -> None:
            async for event in his.events():
                if isinstance(event, MessageEvent):
                    got.append((event.n, event.text))
                    if event.text == "the last one":
                        return

        listening = asyncio.create_task(listen())
        restarted = asyncio.create_task(asyncio.to_thread(topology.restart, ONE, how))
        sent: list[str] = []
        while not restarted.done():
            sent.append(f"word {len(sent)}")
            await hers.send(bob, sent[-1], timeout=TIMEOUT)
        await restarted
        await hers.send(bob, "the last one")
        async with asyncio.timeout(TIMEOUT):
            await listening
    assert got == [*enumerate([*sent, "the last one"], 1)]
    assert await witness.wait_closed() == (1012 if how is signal.SIGTERM else 1006)
    assert opened > topology.nodes[ONE].metric("bussa_connections_opened_total")
    # The balancer finds it at its new address, and sends it connections.
    again = await session.connect_to(ONE, bob)
    assert (await again.ok("history", peer=alice, limit=1))["messages"][0]["text"] == "the last one"


async def test_device_resumes_on_another_server(session: Session) -> None:
    alice, bob = await session.create_user("alice"), await session.create_user("bob")
    journal = Journal()
    first = await session.connect_to(ONE, bob)
    journal.on_welcome(first.welcome)
    hers = await session.connect(alice)
    await hers.send(bob, "seen")
    journal.append(await first.next_event())
    await first.close()
    await hers.send(bob, "missed")
    await asyncio.to_thread(session.topology.nodes[ONE].stop)
    try:
        second = await session.connect(bob, journal)  # at once: the balancer skips a server that does not listen
        assert second.welcome["resumed"] is True
        assert (await second.next_event())["text"] == "missed"
    finally:
        await asyncio.to_thread(session.topology.nodes[ONE].start)


READY = (200, {"status": "ready", "degraded": []})


async def test_readyz_follows_the_database(topology: Topology) -> None:
    await eventually(lambda: topology.readiness == READY)
    await asyncio.to_thread(topology.database.stop)
    try:
        await eventually(lambda: topology.readiness[0] == 503)
    finally:
        await asyncio.to_thread(topology.database.start)
    await eventually(lambda: all(node.readiness == READY for node in topology.nodes.values()))
    await eventually(lambda: topology.readiness == READY)


async def test_readyz_is_degraded_without_redis(topology: Topology) -> None:
    await asyncio.to_thread(topology.redis.kill)
    try:
        await eventually(lambda: topology.readiness == (200, {"status": "degraded", "degraded": ["redis"]}))
    finally:
        await asyncio.to_thread(topology.redis.start)
    await eventually(lambda: all(node.readiness == READY for node in topology.nodes.values()))


async def test_balancer_reload_keeps_connections(session: Session) -> None:
    alice = await session.create_user("alice")
    before = await session.connect(alice)
    await asyncio.to_thread(session.topology.balancer.reload)
    await asyncio.to_thread(session.topology.balancer.wait)
    after = await session.connect(alice)
    for device in (before, after):
        assert (await device.ok("ping"))["type"] == "pong"


@pytest.mark.parametrize("path", ["/metrics", "/metrics?x", *(["/%6detrics"] if HAS_HAPROXY else [])])
def test_metrics_are_hidden_by_the_balancer(topology: Topology, path: str) -> None:
    for node in topology.nodes.values():
        assert httpx.get(f"{node.url}/metrics").status_code == 200
    assert httpx.get(f"{topology.url}{path}").status_code == 404


async def test_balancer_counts_active_servers(topology: Topology) -> None:
    await eventually(lambda: topology.balancer.has_active_servers(len(topology.nodes)))
    await asyncio.to_thread(topology.nodes[TWO].stop)
    try:
        await eventually(lambda: topology.balancer.has_active_servers(len(topology.nodes) - 1))
    finally:
        await asyncio.to_thread(topology.nodes[TWO].start)
    await eventually(lambda: topology.balancer.has_active_servers(len(topology.nodes)))


async def test_redis_and_postgres_run_with_the_settings(topology: Topology) -> None:
    config = topology.redis.client.config_get("*")
    assert config["save"] == ""
    assert config["appendonly"] == "no"
    assert str(config["client-output-buffer-limit"]).endswith("pubsub 67108864 16777216 30")
    assert config["tcp-keepalive"] == "60"
    connection = await asyncpg.connect(topology.nodes[ONE].environment["BUSSA_DATABASE_URL"])
    try:
        for setting in ("fsync=on", "synchronous_commit=on", "max_connections=200", "shared_buffers=256MB"):
            name, value = setting.split("=")
            assert setting in topology.compose["services"]["postgres"]["command"]
            assert await connection.fetchval(f"SHOW {name}") == value
    finally:
        await connection.close()


async def test_image_healthcheck_follows_readiness(topology: Topology) -> None:
    node = topology.nodes[TWO]
    assert node.healthcheck() == 0
    await asyncio.to_thread(node.stop)
    try:
        assert node.healthcheck() == 1
    finally:
        await asyncio.to_thread(node.start)
