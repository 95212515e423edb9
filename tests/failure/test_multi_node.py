"""Behaviour across nodes: typing, log-out, shared rate limits, and delivery without Redis."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.server_process import TIMEOUT, sign_token
from tests.failure.deployment import Deployment, Node, eventually
from tests.failure.resilient_device import ResilientDevice
from tests.failure.session import Session, received_texts, send

CATCH_UP_SECONDS = 2.0
"""Seconds within which other nodes read from the log what the bus lost (docs/design.md, *When things break*)."""
SLOW_MACHINE_SECONDS = 3.0
"""Seconds of allowance for a busy machine."""


async def stop_redis(session: Session) -> None:
    """Kill Redis, and wait until every node reports it."""
    await asyncio.to_thread(session.deployment.redis.kill)
    for node in session.deployment.nodes:
        await eventually(
            lambda node=node: node.readiness == (200, {"status": "degraded", "degraded": ["redis"]}),
            "the node is degraded",
        )


async def test_typing_reaches_other_nodes(session: Session):
    alice, bob = await session.create_user("alice"), await session.create_user("bob")
    at_one, at_two = await session.connect(alice, 0), await session.connect(bob, 1)
    await send(at_one, bob, "ciao")
    await send(at_two, alice, "ciao, alice")  # each is in the other's inbox, so that typing may be shown
    at_one.send_typing(bob)
    await at_two.wait_for(lambda: at_two.ephemeral_events == [{"type": "typing", "peer": alice}])


async def assert_sessions_end(session: Session, seconds: float) -> None:
    alice = await session.create_user("alice")
    devices = [await session.connect(alice, number) for number in range(3)]
    token = sign_token(alice)
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT) as http:
        answer = await http.delete(f"{session.deployment.nodes[0].url}/v1/sessions")
        assert answer.status_code == 204
        for device in devices:
            await device.wait_for(lambda device=device: device.close_codes[:1] == [4401], seconds)
        for node in session.deployment.nodes:
            assert (await http.get(f"{node.url}/v1/following")).status_code == 401


async def test_log_out_closes_sockets_on_all_nodes(session: Session):
    # Over the bus: while it is connected, the nodes compare with the store only every 30 s.
    await assert_sessions_end(session, CATCH_UP_SECONDS + SLOW_MACHINE_SECONDS)


async def test_log_out_closes_sockets_on_all_nodes_without_redis(session: Session):
    await stop_redis(session)
    await assert_sessions_end(session, CATCH_UP_SECONDS + SLOW_MACHINE_SECONDS)


async def test_messages_arrive_without_redis(session: Session):
    alice, bob = await session.create_user("alice"), await session.create_user("bob")
    writing, here, there = await session.connect(alice, 0), await session.connect(bob, 0), await session.connect(bob, 1)
    await send(writing, bob, "with redis")
    for device in (here, there):
        await device.wait_for(lambda device=device: received_texts(device) == ["with redis"])
    await stop_redis(session)
    await send(writing, bob, "without")
    await here.wait_for(lambda: received_texts(here)[-1] == "without")
    await there.wait_for(lambda: received_texts(there)[-1] == "without", CATCH_UP_SECONDS + SLOW_MACHINE_SECONDS)
    await asyncio.to_thread(session.deployment.redis.start)
    for node in session.deployment.nodes:
        await eventually(
            lambda node=node: node.readiness == (200, {"status": "ready", "degraded": []}), "the node is ready"
        )
    recoveries = session.deployment.nodes[1].metric("gap_recoveries_total")
    for number in range(20):
        await send(writing, bob, f"again {number}")
        await there.wait_for(lambda number=number: received_texts(there)[-1] == f"again {number}")
    # The bus delivers again: at most the first one or two were recovered from the log.
    assert session.deployment.nodes[1].metric("gap_recoveries_total") - recoveries <= 2


async def test_commit_with_lost_answer_is_delivered(session: Session):
    alice, bob = await session.create_user("alice"), await session.create_user("bob")
    writing, here, there = await session.connect(alice, 0), await session.connect(bob, 0), await session.connect(bob, 1)
    await send(writing, bob, "one")
    proxy = session.deployment.nodes[0].database
    proxy.dropped_replies.clear()
    proxy.drop_reply_to = b"COMMIT"
    answered = writing.submit("send", to=bob, text="two", nonce="two")
    await eventually(lambda: bool(proxy.dropped_replies), "a reply was dropped")
    proxy.drop_reply_to = None
    # No later message reveals the gap, and yet the recipient's devices must get the event.
    for device in (here, there):
        await device.wait_for(
            lambda device=device: received_texts(device) == ["one", "two"], CATCH_UP_SECONDS + SLOW_MACHINE_SECONDS
        )
    async with asyncio.timeout(TIMEOUT):
        assert (await answered)["n"] == 2


@pytest.fixture
def rate_limited_nodes(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    """Two nodes with the default rates, on the same stores."""
    folder = tmp_path_factory.mktemp("limited")
    nodes = [
        Node(folder / f"node-{number}", deployment.redis.port, deployment.database.port, "--drain-seconds", "0")
        for number in range(2)
    ]
    deployment.run_on(nodes, Node.start)
    yield nodes
    deployment.run_on(nodes, Node.close)


async def test_send_rate_is_shared_by_all_nodes(rate_limited_nodes: list[Node], session: Session):
    alice, bob = await session.create_user("alice"), await session.create_user("bob")
    devices = [ResilientDevice(alice, [node], 0, session.faults.append) for node in rate_limited_nodes]
    for device in devices:
        await device.wait_online()
    loop = asyncio.get_running_loop()
    started, accepted, limited_on = loop.time(), 0, set[int]()
    seconds = 5.0

    async def flood(number: int) -> None:
        nonlocal accepted
        count = 0
        while loop.time() < started + seconds:
            count += 1
            text = f"{number}: {count}"
            reply = await devices[number].request("send", to=bob, text=text, nonce=text)
            if reply["type"] == "sent":
                accepted += 1
            else:
                assert reply["code"] == "rate_limited", reply
                limited_on.add(number)
                await asyncio.sleep(0.01)

    await asyncio.gather(flood(0), flood(1))
    took = loop.time() - started
    for device in devices:
        await device.close()
    assert limited_on == {0, 1}, "the flood was too slow to be limited"
    # Plus what each node accepts before it knows of the other's: a few messages.
    assert 200 <= accepted <= 200 + 20 * took + 10
