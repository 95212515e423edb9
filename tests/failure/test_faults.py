"""Processes die, stand still and come back, under the eyes of a crowd that writes on."""

import asyncio
import contextlib
import os
import signal

import redis

from tests.failure.crowd import Crowd
from tests.failure.deployment import Deployment, soon

FULL = bool(os.environ.get("BUSSA_FULL"))
STILL_SECONDS = 30.0 if FULL else 4.0
"""How long a process is stopped: past every deadline of whoever waits for it."""


async def test_a_node_is_killed_and_comes_back(deployment: Deployment, crowd: Crowd):
    victim = deployment.nodes[1]
    await crowd.grow(150)
    first = victim.pid
    await asyncio.to_thread(victim.kill)
    await crowd.block(0)
    await crowd.grow(150)
    await asyncio.to_thread(victim.start)
    assert victim.pid != first
    await crowd.grow(150)
    assert sum(1006 in phone.farewells for phones in crowd.phones.values() for phone in phones) > 10
    await crowd.account()


async def test_a_node_stands_still(deployment: Deployment, crowd: Crowd):
    victim = deployment.nodes[1]
    await crowd.grow(100)
    await asyncio.to_thread(victim.freeze)
    await crowd.block(0)
    await asyncio.sleep(STILL_SECONDS)
    assert any(phone.refused_greetings for phones in crowd.phones.values() for phone in phones)
    victim.thaw()
    await crowd.grow(150)
    await crowd.account()


async def test_redis_stands_still(deployment: Deployment, crowd: Crowd):
    torn = [node.metric("bus_torn_total") for node in deployment.nodes]
    await crowd.grow(100)
    await asyncio.to_thread(deployment.redis.freeze)
    await crowd.block(0)
    await asyncio.sleep(STILL_SECONDS)
    await crowd.grow(100)
    deployment.redis.thaw()
    await crowd.grow(100)
    for node, before in zip(deployment.nodes, torn, strict=True):
        assert node.metric("bus_torn_total") > before
    await crowd.account()


async def test_subscribers_are_killed_again_and_again(deployment: Deployment, crowd: Crowd):
    torn = [node.metric("bus_torn_total") for node in deployment.nodes]
    await crowd.grow(50)
    for turn in range(15 if FULL else 2):
        assert deployment.redis.client.client_kill_filter(_type="pubsub") == len(deployment.nodes)
        await crowd.block(turn % 4)
        await asyncio.sleep(2)
    await crowd.grow(50)
    for node, before in zip(deployment.nodes, torn, strict=True):
        assert node.metric("bus_torn_total") >= before + (15 if FULL else 2)
    await crowd.account()


async def test_redis_is_killed_and_comes_back_empty(deployment: Deployment, crowd: Crowd):
    await crowd.grow(100)
    first = deployment.redis.client.info()["run_id"]
    await asyncio.to_thread(deployment.redis.kill)
    await crowd.block(0)
    await crowd.grow(150)
    for node in deployment.nodes:
        await soon(lambda node=node: node.readiness == (200, {"status": "degraded", "degraded": ["bus"]}), "degraded")
    await asyncio.to_thread(deployment.redis.start)
    await crowd.grow(150)
    assert deployment.redis.client.info()["run_id"] != first
    await crowd.account()


async def test_a_node_that_does_not_read_is_cut_off_by_redis(deployment: Deployment, crowd: Crowd):
    victim, redis_server = deployment.nodes[1], deployment.redis
    await crowd.grow(100)
    redis_server.client.config_set("client-output-buffer-limit", "pubsub 65536 65536 1")
    torn, before = victim.metric("bus_torn_total"), redis_server.log.count("overcoming of output buffer limits")
    try:
        victim.redis.stop_reading()
        channel = next(name for name in redis_server.client.pubsub_channels() if name.endswith(b":beat"))
        filler = bytes(4096)
        with contextlib.suppress(redis.ConnectionError):
            while "overcoming of output buffer limits" not in redis_server.log[-20_000:]:
                pipeline = redis_server.client.pipeline(transaction=False)
                for _ in range(64):
                    pipeline.publish(channel, filler)
                await asyncio.to_thread(pipeline.execute)
        await crowd.block(0)
        await crowd.grow(100)
        victim.redis.thaw()
        await soon(lambda: victim.metric("bus_torn_total") > torn, "torn")
    finally:
        redis_server.client.config_set("client-output-buffer-limit", "pubsub 33554432 8388608 60")
    await crowd.grow(100)
    assert redis_server.log.count("overcoming of output buffer limits") > before
    assert victim.metric("bus_foreign_total") > 0
    await crowd.account()


async def test_postgresql_dies_at_once(deployment: Deployment, crowd: Crowd):
    await crowd.grow(100)
    started = await deployment.query("SELECT pg_postmaster_start_time()")
    await asyncio.to_thread(deployment.database.stop, signal.SIGQUIT)
    await asyncio.sleep(1)
    await asyncio.to_thread(deployment.database.start)
    assert await deployment.query("SELECT pg_postmaster_start_time()") != started
    await crowd.block(0)
    await crowd.grow(150)
    await crowd.account()


async def test_postgresql_ends_every_backend_again_and_again(deployment: Deployment, crowd: Crowd):
    await crowd.grow(50)
    ended = 0
    for turn in range(10):
        ended += await deployment.query(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'bussa'"
        )
        if turn % 3 == 0:
            await crowd.block(turn // 3)
        await crowd.grow(20)
    assert ended >= 10 * len(deployment.nodes) / 2
    await crowd.account()
