"""Tokens of open connections: expiry, refresh, revocation."""

import asyncio
from typing import Any

import pytest

from bussa_protocol.codes import CloseReason
from bussa_server.session.connection import MAX_TIMER_SECONDS
from tests.commands import Revoke
from tests.session.clock import advance, turns
from tests.session.harness import FakeDevice, Node


@pytest.fixture
async def node() -> Node:
    node = Node()
    await node.add_users("alice", "bob")
    return node


async def connected(node: Node, token: str) -> FakeDevice:
    phone = FakeDevice(node)
    phone.send({"type": "hello", "token": token})
    await phone.until("welcome")
    return phone


async def test_expired_token_closes_the_connection(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = await connected(node, "alice!5000")
    await advance(4)
    assert not phone.end.done()
    _advance_wall_clock(monkeypatch, 5001)
    await advance(2)
    assert await phone.ended() == CloseReason.INVALID_TOKEN
    assert node.is_empty


async def test_refreshed_token_keeps_the_connection(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = await connected(node, "alice!5000")
    assert (await phone.request({"type": "refresh", "id": 1, "token": "alice!60000"}))["type"] == "ok"
    _advance_wall_clock(monkeypatch, 10_000)
    await advance(10)
    assert not phone.end.done()
    _advance_wall_clock(monkeypatch, 60_001)
    await advance(60)
    assert await phone.ended() == CloseReason.INVALID_TOKEN


async def test_refused_refresh_changes_nothing(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = await connected(node, "alice!5000")
    assert (await phone.request({"type": "refresh", "id": 1, "token": "bob!60000"}))["code"] == "bad_request"
    _advance_wall_clock(monkeypatch, 5001)
    await advance(6)
    assert await phone.ended() == CloseReason.INVALID_TOKEN


async def test_long_lived_token_rearms_its_timer(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """No timer is set for longer than a day, and the connection closes when the token expires at last."""
    loop = asyncio.get_running_loop()
    delays: list[float] = []
    call_later = loop.call_later

    def record(delay: float, *arguments: Any, **options: Any) -> asyncio.TimerHandle:
        delays.append(delay)
        return call_later(delay, *arguments, **options)

    monkeypatch.setattr(loop, "call_later", record)
    century = 100 * 365 * 86_400_000
    phone = await connected(node, f"alice!{century}")
    for day in range(1, 4):
        assert delays.count(MAX_TIMER_SECONDS) == day
        _advance_wall_clock(monkeypatch, int(MAX_TIMER_SECONDS * 1000))
        await advance(MAX_TIMER_SECONDS + 1)
        assert not phone.end.done(), day
    _advance_wall_clock(monkeypatch, century)
    await advance(MAX_TIMER_SECONDS + 1)
    assert await phone.ended() == CloseReason.INVALID_TOKEN
    assert max(delays) == MAX_TIMER_SECONDS
    assert node.is_empty


async def test_already_expired_token_is_refused(node: Node) -> None:
    phone = FakeDevice(node)
    phone.send({"type": "hello", "token": "alice!-1"})
    await advance(1)
    assert await phone.ended() == CloseReason.INVALID_TOKEN
    assert node.is_empty


async def test_revocation_closes_connections_of_earlier_tokens(node: Node) -> None:
    old, new = await connected(node, "alice@1"), await connected(node, f"alice@{2**60}")
    other = await connected(node, "bob")
    await node.commit(Revoke("alice"))
    assert await old.ended() == CloseReason.INVALID_TOKEN
    await turns(50)
    assert not new.end.done()
    assert not other.end.done()
    await new.disconnect()
    await other.disconnect()
    assert node.is_empty


async def test_refreshed_connection_outlives_revocation_of_the_old_token(node: Node) -> None:
    phone = await connected(node, "alice@1")
    assert (await phone.request({"type": "refresh", "id": 1, "token": f"alice@{2**60}"}))["type"] == "ok"
    await node.commit(Revoke("alice"))
    await turns(50)
    assert not phone.end.done()
    await phone.disconnect()


def _advance_wall_clock(monkeypatch: pytest.MonkeyPatch, millis: int) -> None:
    """Advance the wall clock of the module that checks the expiry of tokens."""
    from bussa_server.session import connection

    real = connection.time.time_ns

    class Later:
        monotonic = staticmethod(connection.time.monotonic)

        @staticmethod
        def time_ns() -> int:
            return real() + millis * 1_000_000

    monkeypatch.setattr(connection, "time", Later)
