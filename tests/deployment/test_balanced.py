"""The deployment as docker-compose.yml describes it, played through its balancer."""

import asyncio
import signal

import asyncpg
import httpx
import pytest

from bussa import Bussa
from bussa_protocol.frames.events import Message
from tests.deployment.balancing import REAL
from tests.deployment.playing import Stage, until
from tests.deployment.topology import Topology
from tests.scenes.device import Diary
from tests.scenes.serving import SECONDS, sign

ONE, TWO = "bussa-1", "bussa-2"


async def test_people_on_two_servers_talk_live(stage: Stage) -> None:
    alice, bob = await stage.person("alice"), await stage.person("bob")
    hers, his = await stage.meet_on(ONE, alice), await stage.meet_on(TWO, bob)
    for n in range(1, 21, 2):
        await hers.send(bob, f"{n} from the one")
        got = await his.next()
        assert (got["type"], got["n"], got["text"]) == ("message", n, f"{n} from the one")
        await his.send(alice, f"{n + 1} from the other")
        got = await hers.next()
        assert (got["type"], got["n"], got["text"]) == ("message", n + 1, f"{n + 1} from the other")


async def test_new_connections_go_where_the_fewest_are(stage: Stage) -> None:
    crowd = [await stage.person(f"crowd-{number}") for number in range(20)]
    before = {name: node.metric("bussa_connections_opened_total") for name, node in stage.topology.nodes.items()}
    await asyncio.gather(*(stage.meet(user) for user in crowd))
    grown = [
        node.metric("bussa_connections_opened_total") - before[name] for name, node in stage.topology.nodes.items()
    ]
    assert sum(grown) == 20
    assert min(grown) >= 8


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_a_server_restarts_and_nobody_misses_a_word(stage: Stage, how: signal.Signals) -> None:
    topology = stage.topology
    alice, bob = await stage.person("alice"), await stage.person("bob")
    witness = await stage.meet_on(ONE, bob)
    lives = topology.nodes[ONE].metric("bussa_connections_opened_total")
    got: list[tuple[int, str]] = []
    async with Bussa(topology.url, sign(alice)) as hers, Bussa(topology.url, sign(bob)) as his:

        async def listen() -> None:
            async for event in his.events():
                if isinstance(event, Message):
                    got.append((event.n, event.text))
                    if event.text == "the last one":
                        return

        listening = asyncio.create_task(listen())
        restarted = asyncio.create_task(asyncio.to_thread(topology.restart, ONE, how))
        said: list[str] = []
        while not restarted.done():
            said.append(f"word {len(said)}")
            await hers.send(bob, said[-1], patience=SECONDS)
        await restarted
        await hers.send(bob, "the last one")
        async with asyncio.timeout(SECONDS):
            await listening
    assert got == [*enumerate([*said, "the last one"], 1)]
    assert await witness.closed() == (1012 if how is signal.SIGTERM else 1006)
    assert lives > topology.nodes[ONE].metric("bussa_connections_opened_total")
    # The balancer finds it again, at its new address, and gives it people.
    again = await stage.meet_on(ONE, bob)
    assert (await again.ok("history", peer=alice, limit=1))["messages"][0]["text"] == "the last one"


async def test_a_device_resumes_on_the_other_server(stage: Stage) -> None:
    alice, bob = await stage.person("alice"), await stage.person("bob")
    diary = Diary()
    first = await stage.meet_on(ONE, bob)
    diary.begin(first.welcome)
    hers = await stage.meet(alice)
    await hers.send(bob, "seen")
    diary.enter(await first.next())
    await first.leave()
    await hers.send(bob, "missed")
    await asyncio.to_thread(stage.topology.nodes[ONE].stop)
    try:
        second = await stage.meet(bob, diary)  # at once: a server that does not listen is passed over
        assert second.welcome["resumed"] is True
        assert (await second.next())["text"] == "missed"
    finally:
        await asyncio.to_thread(stage.topology.nodes[ONE].start)


READY = (200, {"status": "ready", "degraded": []})


async def test_ready_is_who_has_a_store(topology: Topology) -> None:
    await until(lambda: topology.readiness == READY)
    await asyncio.to_thread(topology.database.stop)
    try:
        await until(lambda: topology.readiness[0] == 503)
    finally:
        await asyncio.to_thread(topology.database.start)
    await until(lambda: all(node.readiness == READY for node in topology.nodes.values()))
    await until(lambda: topology.readiness == READY)


async def test_without_redis_it_goes_on(topology: Topology) -> None:
    await asyncio.to_thread(topology.redis.kill)
    try:
        await until(lambda: topology.readiness == (200, {"status": "degraded", "degraded": ["bus"]}))
    finally:
        await asyncio.to_thread(topology.redis.start)
    await until(lambda: all(node.readiness == READY for node in topology.nodes.values()))


async def test_the_balancer_reads_its_file_again_and_cuts_nobody_off(stage: Stage) -> None:
    alice = await stage.person("alice")
    before = await stage.meet(alice)
    await asyncio.to_thread(stage.topology.balancer.reload)
    await asyncio.to_thread(stage.topology.balancer.wait)
    after = await stage.meet(alice)
    for device in (before, after):
        assert (await device.ok("ping"))["type"] == "pong"


@pytest.mark.parametrize("path", ["/metrics", "/metrics?x", *(["/%6detrics"] if REAL else [])])
def test_metrics_are_for_the_inside(topology: Topology, path: str) -> None:
    for node in topology.nodes.values():
        assert httpx.get(f"{node.url}/metrics").status_code == 200
    assert httpx.get(f"{topology.url}{path}").status_code == 404


async def test_the_balancer_says_how_many_servers_it_has(topology: Topology) -> None:
    await until(lambda: topology.balancer.knows(len(topology.nodes)))
    await asyncio.to_thread(topology.nodes[TWO].stop)
    try:
        await until(lambda: topology.balancer.knows(len(topology.nodes) - 1))
    finally:
        await asyncio.to_thread(topology.nodes[TWO].start)
    await until(lambda: topology.balancer.knows(len(topology.nodes)))


async def test_redis_and_postgres_have_the_settings(topology: Topology) -> None:
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


async def test_the_images_healthcheck_tells_who_is_ready(topology: Topology) -> None:
    node = topology.nodes[TWO]
    assert node.healthcheck() == 0
    await asyncio.to_thread(node.stop)
    try:
        assert node.healthcheck() == 1
    finally:
        await asyncio.to_thread(node.start)
