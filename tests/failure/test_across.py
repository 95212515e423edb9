"""What holds on one node holds across nodes: typing, the end of sessions, a user's budget, life without Redis."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.failure.deployment import Deployment, Node, soon
from tests.failure.phone import Phone
from tests.failure.stage import Stage, heard, say
from tests.scenes.serving import SECONDS, sign

SOON = 2.0
"""Seconds within which other nodes find what the bus did not bring (DESIGN: *When things break*)."""
SLACK = 3.0
"""A machine that does other things besides."""


async def away(stage: Stage) -> None:
    """Kill Redis, and wait until every node knows it."""
    await asyncio.to_thread(stage.deployment.redis.kill)
    for node in stage.deployment.nodes:
        await soon(lambda node=node: node.readiness == (200, {"status": "degraded", "degraded": ["bus"]}), "degraded")


async def test_typing_is_seen_on_the_other_node(stage: Stage):
    alice, bob = await stage.person("alice"), await stage.person("bob")
    at_one, at_two = await stage.meet(alice, 0), await stage.meet(bob, 1)
    await say(at_one, bob, "ciao")
    await say(at_two, alice, "ciao, alice")  # whoever is only written to hears no typing to and fro
    at_one.typing(bob)
    await at_two.heard(lambda: at_two.hints == [{"type": "typing", "peer": alice}])


async def sessions_end(stage: Stage, seconds: float) -> None:
    alice = await stage.person("alice")
    phones = [await stage.meet(alice, number) for number in range(3)]
    token = sign(alice)
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS) as http:
        answer = await http.delete(f"{stage.deployment.nodes[0].url}/v1/sessions")
        assert answer.status_code == 204
        for phone in phones:
            await phone.heard(lambda phone=phone: phone.farewells[:1] == [4401], seconds)
        for node in stage.deployment.nodes:
            assert (await http.get(f"{node.url}/v1/following")).status_code == 401


async def test_sessions_end_on_every_node(stage: Stage):
    # At once, and not by a comparison: nothing makes the nodes compare.
    await sessions_end(stage, SOON + SLACK)


async def test_sessions_end_on_every_node_without_redis(stage: Stage):
    await away(stage)
    await sessions_end(stage, SOON + SLACK)


async def test_life_goes_on_without_redis(stage: Stage):
    alice, bob = await stage.person("alice"), await stage.person("bob")
    writing, here, there = await stage.meet(alice, 0), await stage.meet(bob, 0), await stage.meet(bob, 1)
    await say(writing, bob, "with redis")
    for phone in (here, there):
        await phone.heard(lambda phone=phone: heard(phone) == ["with redis"])
    await away(stage)
    await say(writing, bob, "without")
    await here.heard(lambda: heard(here)[-1] == "without")
    await there.heard(lambda: heard(there)[-1] == "without", SOON + SLACK)
    await asyncio.to_thread(stage.deployment.redis.start)
    for node in stage.deployment.nodes:
        await soon(lambda node=node: node.readiness == (200, {"status": "ready", "degraded": []}), "ready")
    heals = stage.deployment.nodes[1].metric("log_heals_total")
    for number in range(20):
        await say(writing, bob, f"again {number}")
        await there.heard(lambda number=number: heard(there)[-1] == f"again {number}")
    # Live again, by the bus: none of them had to be looked for in the log, but for one or two at the very beginning.
    assert stage.deployment.nodes[1].metric("log_heals_total") - heals <= 2


async def test_what_was_committed_without_an_answer_is_heard(stage: Stage):
    alice, bob = await stage.person("alice"), await stage.person("bob")
    writing, here, there = await stage.meet(alice, 0), await stage.meet(bob, 0), await stage.meet(bob, 1)
    await say(writing, bob, "one")
    wire = stage.deployment.nodes[0].database
    wire.swallowed.clear()
    wire.swallow = b"COMMIT"
    answered = writing.submit("send", to=bob, text="two", nonce="two")
    await soon(lambda: bool(wire.swallowed), "an answer lost")
    wire.swallow = None
    # Nothing follows: and yet those to whom it was written hear of it.
    for phone in (here, there):
        await phone.heard(lambda phone=phone: heard(phone) == ["one", "two"], SOON + SLACK)
    async with asyncio.timeout(SECONDS):
        assert (await answered)["n"] == 2


@pytest.fixture
def limited(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    """Two nodes with the default rates, on the same stores."""
    folder = tmp_path_factory.mktemp("limited")
    nodes = [
        Node(folder / f"node-{number}", deployment.redis.port, deployment.database.port, "--drain-seconds", "0")
        for number in range(2)
    ]
    deployment.each(nodes, Node.start)
    yield nodes
    deployment.each(nodes, Node.close)


async def test_a_budget_is_the_users_and_not_a_nodes(limited: list[Node], stage: Stage):
    alice, bob = await stage.person("alice"), await stage.person("bob")
    phones = [Phone(alice, [node], 0, stage.faults.append) for node in limited]
    for phone in phones:
        await phone.greeted()
    loop = asyncio.get_running_loop()
    started, accepted, limited_on = loop.time(), 0, set[int]()
    seconds = 5.0

    async def flood(number: int) -> None:
        nonlocal accepted
        count = 0
        while loop.time() < started + seconds:
            count += 1
            text = f"{number}: {count}"
            reply = await phones[number].ask("send", to=bob, text=text, nonce=text)
            if reply["type"] == "sent":
                accepted += 1
            else:
                assert reply["code"] == "rate_limited", reply
                limited_on.add(number)
                await asyncio.sleep(0.01)

    await asyncio.gather(flood(0), flood(1))
    took = loop.time() - started
    for phone in phones:
        await phone.end()
    assert limited_on == {0, 1}, "the flood was none"
    # What is under way while the other node does not know of it yet: a message or two of each.
    assert 200 <= accepted <= 200 + 20 * took + 10
