"""The wires between a node and its stores are cut, in the worst moments and without a word."""

import asyncio
import os

from tests.failure.crowd import Crowd
from tests.failure.deployment import Deployment, soon

FULL = bool(os.environ.get("BUSSA_FULL"))
CUT_SECONDS = 30.0 if FULL else 6.0
"""Longer than a node waits for its database."""


async def test_the_answer_to_a_commit_is_lost(deployment: Deployment, crowd: Crowd):
    await crowd.grow(50)
    lost = 0
    for turn in range(6):
        node = deployment.nodes[turn % len(deployment.nodes)]
        node.database.swallowed.clear()
        node.database.swallow = b"COMMIT"
        await soon(lambda node=node: bool(node.database.swallowed), "an answer lost")
        node.database.swallow = None
        # It was an answer that said yes: the batch is on disk, and its senders do not know.
        lost += sum(b"COMMIT\0" in answer for answer in node.database.swallowed)
        if turn < 4:
            await crowd.block(turn)
        await crowd.grow(20)
    assert lost >= 6
    await crowd.account()


async def test_the_way_to_redis_is_cut_silently(deployment: Deployment, crowd: Crowd):
    victim = deployment.nodes[1]
    torn = victim.metric("bus_torn_total")
    await crowd.grow(100)
    victim.redis.freeze()
    await crowd.block(0)
    await soon(lambda: victim.metric("bus_torn_total") > torn, "torn")
    await asyncio.sleep(CUT_SECONDS / 2)
    assert victim.readiness == (200, {"status": "degraded", "degraded": ["bus"]})
    await crowd.grow(50)
    victim.redis.thaw()
    await crowd.grow(100)
    await crowd.account()


async def test_the_way_to_postgresql_is_cut_silently(deployment: Deployment, crowd: Crowd):
    victim = deployment.nodes[1]
    failed = victim.metric("store_unavailable_total")
    await crowd.grow(100)
    victim.database.freeze()
    await crowd.block(0)
    await asyncio.sleep(CUT_SECONDS)
    await crowd.grow(50)
    assert (await asyncio.to_thread(lambda: victim.readiness))[0] == 503
    assert victim.metric("store_unavailable_total") > failed
    victim.database.thaw()
    await crowd.grow(100)
    await crowd.account()
