"""Processes that crash, freeze and restart under traffic."""

import asyncio
import contextlib
import os
import signal

import redis

from tests.failure.deployment import Deployment, eventually
from tests.failure.traffic import Traffic

FULL = bool(os.environ.get("BUSSA_FULL"))
FROZEN_SECONDS = 30.0 if FULL else 4.0
"""How long a process is stopped: longer than every timeout of its peers."""


async def test_killed_node_comes_back(deployment: Deployment, traffic: Traffic):
    victim = deployment.nodes[1]
    await traffic.wait_for_messages(150)
    first = victim.pid
    await asyncio.to_thread(victim.kill)
    await traffic.block(0)
    await traffic.wait_for_messages(150)
    await asyncio.to_thread(victim.start)
    assert victim.pid != first
    await traffic.wait_for_messages(150)
    assert sum(1006 in device.close_codes for devices in traffic.devices.values() for device in devices) > 10
    await traffic.verify()


async def test_frozen_node_is_abandoned(deployment: Deployment, traffic: Traffic):
    victim = deployment.nodes[1]
    await traffic.wait_for_messages(100)
    await asyncio.to_thread(victim.freeze)
    await traffic.block(0)
    await asyncio.sleep(FROZEN_SECONDS)
    assert any(device.failed_handshakes for devices in traffic.devices.values() for device in devices)
    victim.thaw()
    await traffic.wait_for_messages(150)
    await traffic.verify()


async def test_frozen_redis_is_disconnected(deployment: Deployment, traffic: Traffic):
    disconnects = [node.metric("redis_disconnects_total") for node in deployment.nodes]
    await traffic.wait_for_messages(100)
    await asyncio.to_thread(deployment.redis.freeze)
    await traffic.block(0)
    await asyncio.sleep(FROZEN_SECONDS)
    await traffic.wait_for_messages(100)
    deployment.redis.thaw()
    await traffic.wait_for_messages(100)
    for node, before in zip(deployment.nodes, disconnects, strict=True):
        assert node.metric("redis_disconnects_total") > before
    await traffic.verify()


async def test_killed_subscribers_reconnect(deployment: Deployment, traffic: Traffic):
    disconnects = [node.metric("redis_disconnects_total") for node in deployment.nodes]
    await traffic.wait_for_messages(50)
    for turn in range(15 if FULL else 2):
        assert deployment.redis.client.client_kill_filter(_type="pubsub") == len(deployment.nodes)
        await traffic.block(turn % 4)
        await asyncio.sleep(2)
    await traffic.wait_for_messages(50)
    for node, before in zip(deployment.nodes, disconnects, strict=True):
        assert node.metric("redis_disconnects_total") >= before + (15 if FULL else 2)
    await traffic.verify()


async def test_redis_restart_loses_nothing(deployment: Deployment, traffic: Traffic):
    await traffic.wait_for_messages(100)
    first = deployment.redis.client.info()["run_id"]
    await asyncio.to_thread(deployment.redis.kill)
    await traffic.block(0)
    await traffic.wait_for_messages(150)
    for node in deployment.nodes:
        await eventually(
            lambda node=node: node.readiness == (200, {"status": "degraded", "degraded": ["redis"]}),
            "the node is degraded",
        )
    await asyncio.to_thread(deployment.redis.start)
    await traffic.wait_for_messages(150)
    assert deployment.redis.client.info()["run_id"] != first
    await traffic.verify()


async def test_slow_subscriber_cut_off_by_redis_recovers(deployment: Deployment, traffic: Traffic):
    victim, redis_server = deployment.nodes[1], deployment.redis
    await traffic.wait_for_messages(100)
    redis_server.client.config_set("client-output-buffer-limit", "pubsub 65536 65536 1")
    disconnects, before = (
        victim.metric("redis_disconnects_total"),
        redis_server.log.count("overcoming of output buffer limits"),
    )
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
        await traffic.block(0)
        await traffic.wait_for_messages(100)
        victim.redis.thaw()
        await eventually(lambda: victim.metric("redis_disconnects_total") > disconnects, "Redis is disconnected")
    finally:
        redis_server.client.config_set("client-output-buffer-limit", "pubsub 33554432 8388608 60")
    await traffic.wait_for_messages(100)
    assert redis_server.log.count("overcoming of output buffer limits") > before
    assert victim.metric("redis_messages_invalid_total") > 0
    await traffic.verify()


async def test_postgresql_crash_loses_nothing(deployment: Deployment, traffic: Traffic):
    await traffic.wait_for_messages(100)
    started = await deployment.query("SELECT pg_postmaster_start_time()")
    await asyncio.to_thread(deployment.database.stop, signal.SIGQUIT)
    await asyncio.sleep(1)
    await asyncio.to_thread(deployment.database.start)
    assert await deployment.query("SELECT pg_postmaster_start_time()") != started
    await traffic.block(0)
    await traffic.wait_for_messages(150)
    await traffic.verify()


async def test_terminated_backends_are_replaced(deployment: Deployment, traffic: Traffic):
    await traffic.wait_for_messages(50)
    ended = 0
    for turn in range(10):
        ended += await deployment.query(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'bussa'"
        )
        if turn % 3 == 0:
            await traffic.block(turn // 3)
        await traffic.wait_for_messages(20)
    assert ended >= 10 * len(deployment.nodes) / 2
    await traffic.verify()
