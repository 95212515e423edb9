"""Network faults between a node and its stores: lost replies, and connections that go silent."""

import asyncio
import os

from tests.failure.deployment import Deployment, eventually
from tests.failure.traffic import Traffic

FULL = bool(os.environ.get("BUSSA_FULL"))
CUT_SECONDS = 30.0 if FULL else 6.0
"""Longer than a node's database timeout."""


async def test_lost_commit_answers_lose_nothing(deployment: Deployment, traffic: Traffic):
    await traffic.wait_for_messages(50)
    lost = 0
    for turn in range(6):
        node = deployment.nodes[turn % len(deployment.nodes)]
        node.database.dropped_replies.clear()
        node.database.drop_reply_to = b"COMMIT"
        await eventually(lambda node=node: bool(node.database.dropped_replies), "a reply was dropped")
        node.database.drop_reply_to = None
        # The reply confirmed the commit: the batch is on disk, and its senders do not know.
        lost += sum(b"COMMIT\0" in answer for answer in node.database.dropped_replies)
        if turn < 4:
            await traffic.block(turn)
        await traffic.wait_for_messages(20)
    assert lost >= 6
    await traffic.verify()


async def test_silent_cut_to_redis_degrades_and_recovers(deployment: Deployment, traffic: Traffic):
    victim = deployment.nodes[1]
    disconnects = victim.metric("redis_disconnects_total")
    await traffic.wait_for_messages(100)
    victim.redis.freeze()
    await traffic.block(0)
    await eventually(lambda: victim.metric("redis_disconnects_total") > disconnects, "Redis is disconnected")
    await asyncio.sleep(CUT_SECONDS / 2)
    assert victim.readiness == (200, {"status": "degraded", "degraded": ["redis"]})
    await traffic.wait_for_messages(50)
    victim.redis.thaw()
    await traffic.wait_for_messages(100)
    await traffic.verify()


async def test_silent_cut_to_postgresql_is_unavailable_and_recovers(deployment: Deployment, traffic: Traffic):
    victim = deployment.nodes[1]
    failed = victim.metric("database_unavailable_total")
    await traffic.wait_for_messages(100)
    victim.database.freeze()
    await traffic.block(0)
    await asyncio.sleep(CUT_SECONDS)
    await traffic.wait_for_messages(50)
    assert (await asyncio.to_thread(lambda: victim.readiness))[0] == 503
    assert victim.metric("database_unavailable_total") > failed
    victim.database.thaw()
    await traffic.wait_for_messages(100)
    await traffic.verify()
