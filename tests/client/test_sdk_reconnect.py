"""Disconnects at every point and with every close code: reconnects, final closes, new tokens."""

import asyncio
from collections.abc import Callable

import pytest

from bussa import (
    Client,
    ConnectionClosedError,
    ConnectionStatus,
    ProtocolError,
    TokenRefusedError,
    UnreachableError,
)
from bussa_protocol.codes import CloseReason, ReconnectAdvice, reconnect_advice
from bussa_protocol.frames import requests
from tests.client.model_server import ModelServer
from tests.client.scripted_server import ScriptedServer, Step, any_send
from tests.client.sdk_helpers import QUICK, connect_client, take_events

RETRYABLE = [code for code in CloseReason if reconnect_advice(code) in (ReconnectAdvice.SOON, ReconnectAdvice.BACKOFF)]
FINAL = [code for code in CloseReason if reconnect_advice(code) is ReconnectAdvice.NEVER]


@pytest.mark.parametrize("close_with", [None, *RETRYABLE])
@pytest.mark.parametrize("moment", ["break_before", "break_after"])
async def test_send_survives_disconnect_before_and_after_commit(moment: str, close_with: int | None) -> None:
    step = Step(close_with=close_with, **{moment: any_send})
    async with ScriptedServer([step, step]) as server, connect_client(server) as me:
        sent = await me.send("bob", "ciao")
        assert sent.seq == 1
        assert server.model.head == 1
        assert len({request.nonce for request in server.received if isinstance(request, requests.SendRequest)}) == 1
        written = await server.bob_writes()
        assert await take_events(me, 1) == [written], "an own message is no event"
        assert me.cursor == ("one", 2)


async def test_concurrent_sends_over_broken_connections_commit_once() -> None:
    steps = [Step(**{("break_before", "break_after")[k % 2]: _nth(k % 7)}) for k in range(10)]
    async with ScriptedServer(steps) as server, connect_client(server) as me:
        sent = await asyncio.gather(*(me.send("bob", "ciao") for _ in range(100)))
        assert sorted(reply.n for reply in sent) == list(range(1, 101))
        assert server.model.head == 100
        assert [reply.n for reply in sent] == sorted(reply.n for reply in sent), "in call order"
        written = await server.bob_writes()
        assert await take_events(me, 1) == [written]


def _nth(n: int) -> Callable[[requests.Request], bool]:
    count = iter(range(1_000_000))
    return lambda request: isinstance(request, requests.SendRequest) and next(count) == n


async def test_interrupted_replay_resumes_where_it_stopped() -> None:
    model = ModelServer()
    for _ in range(20):
        model.write("bob", "bob", "x")
    steps = [Step(replay_only=0), Step(replay_only=7), Step(replay_only=8)]
    async with ScriptedServer(steps, model) as server, connect_client(server, resume=("one", 0)) as me:
        assert [event.seq for event in await take_events(me, 20)] == list(range(1, 21))
        assert [hello.resume for hello in server.hellos] == [0, 0, 7, 15]


@pytest.mark.parametrize("code", RETRYABLE)
async def test_client_reconnects_and_resumes_after_retryable_close(code: int) -> None:
    async with ScriptedServer([Step(), Step(close_after_welcome=code), Step(close_at_hello=code)]) as server:
        changes: list[ConnectionStatus] = []
        async with connect_client(server, on_status=changes.append) as me:
            await server.bob_writes("one")
            assert [event.text for event in await take_events(me, 1)] == ["one"]
            await server.close_all(code)
            server.model.write("bob", "bob", "two")
            assert [event.text for event in await take_events(me, 1)] == ["two"]
            assert server.connections >= 4
            assert {hello.resume for hello in server.hellos[1:]} == {1}
        assert changes[0] is ConnectionStatus.CONNECTED
        assert changes[1] is ConnectionStatus.CONNECTING
        assert changes[-1] is ConnectionStatus.CLOSED


@pytest.mark.parametrize("code", FINAL)
async def test_final_close_fails_everything_with_its_code(code: int) -> None:
    async with ScriptedServer([Step(break_after=any_send, close_with=code)]) as server, connect_client(server) as me:
        with pytest.raises(ConnectionClosedError) as caught:
            await me.send("bob", "ciao")
        assert caught.value.code == code
        with pytest.raises(ConnectionClosedError):
            await anext(me.events())
        with pytest.raises(ConnectionClosedError):
            await me.ping()
        assert server.connections == 1
        assert me.status is ConnectionStatus.CLOSED


async def test_refused_fixed_token_is_final() -> None:
    async with ScriptedServer([Step(close_at_hello=4401)]) as server:
        with pytest.raises(TokenRefusedError):
            async with connect_client(server):
                pass
        assert server.connections == 1


async def test_refused_token_is_replaced_from_source() -> None:
    fetched = iter(["first", "second"])

    async def token() -> str:
        return next(fetched)

    async with ScriptedServer() as server, connect_client(server, token) as me:
        await server.close_all(4401)
        await server.wait_until(lambda server: len(server.hellos) == 2)
        assert [hello.token for hello in server.hellos] == ["first", "second"]
        assert await me.ping() == 0


async def test_repeatedly_refused_fresh_tokens_are_final() -> None:
    async def token() -> str:
        return "fresh"

    async with ScriptedServer([Step(close_at_hello=4401)] * 3) as server:
        with pytest.raises(TokenRefusedError):
            async with connect_client(server, token):
                pass
        assert server.connections == 3


async def test_token_source_may_fail_transiently_but_its_bugs_surface() -> None:
    calls = iter([ConnectionRefusedError("not yet"), "token", KeyError("a bug")])

    async def token() -> str:
        value = next(calls)
        if isinstance(value, Exception):
            raise value
        return value

    async with ScriptedServer() as server, connect_client(server, token) as me:
        await server.close_all(4401)
        with pytest.raises(ConnectionClosedError) as caught:
            await anext(me.events())
        assert isinstance(caught.value.__cause__, KeyError)


async def test_refreshed_token_is_used_for_later_connections() -> None:
    async with ScriptedServer() as server, connect_client(server) as me:
        await me.refresh("newer")
        server.drop_all()
        await server.wait_until(lambda server: len(server.hellos) == 2)
        assert server.hellos[1].token == "newer"


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_permanently_refused_handshake_is_protocol_error(status: int) -> None:
    async with ScriptedServer([Step(http=status)]) as server:
        with pytest.raises(ProtocolError, match=str(status)):
            async with connect_client(server):
                pass


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
async def test_temporarily_refused_handshake_is_retried(status: int) -> None:
    async with ScriptedServer([Step(http=status)] * 2) as server, connect_client(server) as me:
        assert await me.ping() == 0
        assert server.connections == 3


@pytest.mark.parametrize("step", [Step(garbage=True), Step(text_frames=True)])
async def test_invalid_frame_is_protocol_error(step: Step) -> None:
    async with ScriptedServer([step]) as server:
        with pytest.raises(ProtocolError):
            async with connect_client(server):
                pass


async def test_absent_server_is_unreachable_within_timeout() -> None:
    async with ScriptedServer() as server:
        url = server.url
    with pytest.raises(UnreachableError, match="no connection"):
        async with Client(url, "token", backoff=QUICK, timeout=0.05):
            pass
