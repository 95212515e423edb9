"""Tokens that run out, are renewed, are revoked."""

import pytest

from bussa_protocol.codes import Close
from bussa_server.domain.commands import Revoke
from bussa_server.session.connection import LONGEST_TIMER
from tests.session.clock import advance, turns
from tests.session.world import Node, Phone


@pytest.fixture
async def node() -> Node:
    node = Node()
    await node.people("alice", "bob")
    return node


async def greeted(node: Node, token: str) -> Phone:
    phone = Phone(node)
    phone.say({"type": "hello", "token": token})
    await phone.until("welcome")
    return phone


async def test_a_token_that_runs_out(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = await greeted(node, "alice!5000")
    await advance(4)
    assert not phone.life.done()
    _pass(monkeypatch, 5001)
    await advance(2)
    assert await phone.ended() == Close.TOKEN
    assert node.empty


async def test_a_token_that_was_renewed_in_time(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = await greeted(node, "alice!5000")
    assert (await phone.ask({"type": "refresh", "id": 1, "token": "alice!60000"}))["type"] == "ok"
    _pass(monkeypatch, 10_000)
    await advance(10)
    assert not phone.life.done()
    _pass(monkeypatch, 60_001)
    await advance(60)
    assert await phone.ended() == Close.TOKEN


async def test_a_refused_renewal_changes_nothing(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = await greeted(node, "alice!5000")
    assert (await phone.ask({"type": "refresh", "id": 1, "token": "bob!60000"}))["code"] == "bad_request"
    _pass(monkeypatch, 5001)
    await advance(6)
    assert await phone.ended() == Close.TOKEN


async def test_a_token_that_lasts_for_years(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """No timer may be that long; it is set anew every day."""
    century = 100 * 365 * 86_400_000
    phone = await greeted(node, f"alice!{century}")
    for day in range(1, 4):
        _pass(monkeypatch, int(LONGEST_TIMER * 1000))
        await advance(LONGEST_TIMER + 1)
        assert not phone.life.done(), day
    await phone.leave()


async def test_a_token_that_has_run_out_before_it_was_shown(node: Node) -> None:
    phone = Phone(node)
    phone.say({"type": "hello", "token": "alice!-1"})
    await advance(1)
    assert await phone.ended() == Close.TOKEN
    assert node.empty


async def test_a_revocation_ends_what_was_issued_before(node: Node) -> None:
    old, new = await greeted(node, "alice@1"), await greeted(node, f"alice@{2**60}")
    other = await greeted(node, "bob")
    await node.commit(Revoke("alice"))
    assert await old.ended() == Close.TOKEN
    await turns(50)
    assert not new.life.done()
    assert not other.life.done()
    await new.leave()
    await other.leave()
    assert node.empty


async def test_a_renewed_session_outlives_a_revocation_of_the_old_token(node: Node) -> None:
    phone = await greeted(node, "alice@1")
    assert (await phone.ask({"type": "refresh", "id": 1, "token": f"alice@{2**60}"}))["type"] == "ok"
    await node.commit(Revoke("alice"))
    await turns(50)
    assert not phone.life.done()
    await phone.leave()


def _pass(monkeypatch: pytest.MonkeyPatch, millis: int) -> None:
    """Put the wall clock forward, for whoever asks whether a token has run out."""
    from bussa_server.session import connection

    real = connection.time.time_ns

    class Later:
        monotonic = staticmethod(connection.time.monotonic)

        @staticmethod
        def time_ns() -> int:
            return real() + millis * 1_000_000

    monkeypatch.setattr(connection, "time", Later)
