"""The line breaks at every point, with every farewell: what comes back, what stays away, who gets a new token."""

import asyncio
from collections.abc import Callable

import pytest

from bussa import (
    Bussa,
    ClosedError,
    NotContractError,
    Status,
    TokenRefusedError,
    UnreachableError,
)
from bussa_protocol.codes import Close, Return, advice
from bussa_protocol.frames import requests
from tests.client.model_server import Account
from tests.client.plays import QUICK, bussa, some
from tests.client.scripted_server import ScriptedServer, Step, any_send

COMES_BACK = [code for code in Close if advice(code) in (Return.SOON, Return.BACKOFF)]


STAYS_AWAY = [code for code in Close if advice(code) is Return.NEVER]


@pytest.mark.parametrize("close_with", [None, *COMES_BACK])
@pytest.mark.parametrize("moment", ["break_before", "break_after"])
async def test_a_send_survives_a_break_before_and_after_the_commit(moment: str, close_with: int | None) -> None:
    step = Step(close_with=close_with, **{moment: any_send})
    async with ScriptedServer([step, step]) as server, bussa(server) as me:
        sent = await me.send("bob", "ciao")
        assert sent.seq == 1
        assert server.account.head == 1
        assert len({request.nonce for request in server.asked if isinstance(request, requests.Send)}) == 1
        written = await server.bob_writes()
        assert await some(me, 1) == [written], "the own message is no event"
        assert me.cursor == ("one", 2)


async def test_a_hundred_sends_at_once_over_ten_broken_lines_are_a_hundred_messages() -> None:
    steps = [Step(**{("break_before", "break_after")[k % 2]: _nth(k % 7)}) for k in range(10)]
    async with ScriptedServer(steps) as server, bussa(server) as me:
        sent = await asyncio.gather(*(me.send("bob", "ciao") for _ in range(100)))
        assert sorted(reply.n for reply in sent) == list(range(1, 101))
        assert server.account.head == 100
        assert [reply.n for reply in sent] == sorted(reply.n for reply in sent), "in the order in which they were asked"
        written = await server.bob_writes()
        assert await some(me, 1) == [written]


def _nth(n: int) -> Callable[[requests.Request], bool]:
    count = iter(range(1_000_000))
    return lambda request: isinstance(request, requests.Send) and next(count) == n


async def test_a_replay_that_breaks_in_the_middle_goes_on_where_it_was() -> None:
    account = Account()
    for _ in range(20):
        account.write("bob", "bob", "x")
    steps = [Step(replay_only=0), Step(replay_only=7), Step(replay_only=8)]
    async with ScriptedServer(steps, account) as server, bussa(server, resume=("one", 0)) as me:
        assert [event.seq for event in await some(me, 20)] == list(range(1, 21))
        assert [hello.resume for hello in server.hellos] == [0, 0, 7, 15]


@pytest.mark.parametrize("code", COMES_BACK)
async def test_after_a_close_that_allows_it_the_client_comes_back_and_resumes(code: int) -> None:
    async with ScriptedServer([Step(), Step(close_after_welcome=code), Step(close_at_hello=code)]) as server:
        changes: list[Status] = []
        async with bussa(server, watch=changes.append) as me:
            await server.bob_writes("one")
            assert [event.text for event in await some(me, 1)] == ["one"]
            await server.close_all(code)
            server.account.write("bob", "bob", "two")
            assert [event.text for event in await some(me, 1)] == ["two"]
            assert server.connections >= 4
            assert {hello.resume for hello in server.hellos[1:]} == {1}
        assert changes[0] is Status.LIVE
        assert changes[1] is Status.CONNECTING
        assert changes[-1] is Status.CLOSED


@pytest.mark.parametrize("code", STAYS_AWAY)
async def test_after_a_close_that_forbids_it_everything_fails_with_the_code(code: int) -> None:
    async with ScriptedServer([Step(break_after=any_send, close_with=code)]) as server, bussa(server) as me:
        with pytest.raises(ClosedError) as caught:
            await me.send("bob", "ciao")
        assert caught.value.code == code
        with pytest.raises(ClosedError):
            await anext(me.events())
        with pytest.raises(ClosedError):
            await me.ping()
        assert server.connections == 1
        assert me.status is Status.CLOSED


async def test_a_refused_token_that_is_fixed_is_the_end() -> None:
    async with ScriptedServer([Step(close_at_hello=4401)]) as server:
        with pytest.raises(TokenRefusedError):
            async with bussa(server):
                pass
        assert server.connections == 1


async def test_a_refused_token_is_replaced_where_another_can_be_had() -> None:
    fetched = iter(["first", "second"])

    async def token() -> str:
        return next(fetched)

    async with ScriptedServer() as server, bussa(server, token) as me:
        await server.close_all(4401)
        await server.until(lambda server: len(server.hellos) == 2)
        assert [hello.token for hello in server.hellos] == ["first", "second"]
        assert await me.ping() == 0


async def test_fresh_tokens_that_are_refused_again_and_again_are_the_end() -> None:
    async def token() -> str:
        return "fresh"

    async with ScriptedServer([Step(close_at_hello=4401)] * 3) as server:
        with pytest.raises(TokenRefusedError):
            async with bussa(server, token):
                pass
        assert server.connections == 3


async def test_a_token_source_may_fail_for_a_while_and_its_mistakes_are_told() -> None:
    calls = iter([ConnectionRefusedError("not yet"), "token", KeyError("a mistake")])

    async def token() -> str:
        value = next(calls)
        if isinstance(value, Exception):
            raise value
        return value

    async with ScriptedServer() as server, bussa(server, token) as me:
        await server.close_all(4401)
        with pytest.raises(ClosedError) as caught:
            await anext(me.events())
        assert isinstance(caught.value.__cause__, KeyError)


async def test_refresh_is_for_the_connections_to_come_too() -> None:
    async with ScriptedServer() as server, bussa(server) as me:
        await me.refresh("newer")
        server.cut_all()
        await server.until(lambda server: len(server.hellos) == 2)
        assert server.hellos[1].token == "newer"


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_handshake_that_is_refused_for_good_is_no_server_of_ours(status: int) -> None:
    async with ScriptedServer([Step(http=status)]) as server:
        with pytest.raises(NotContractError, match=str(status)):
            async with bussa(server):
                pass


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
async def test_a_handshake_that_is_refused_for_now_is_tried_again(status: int) -> None:
    async with ScriptedServer([Step(http=status)] * 2) as server, bussa(server) as me:
        assert await me.ping() == 0
        assert server.connections == 3


@pytest.mark.parametrize("step", [Step(garbage=True), Step(text_frames=True)])
async def test_what_is_not_the_contract_is_said_so(step: Step) -> None:
    async with ScriptedServer([step]) as server:
        with pytest.raises(NotContractError):
            async with bussa(server):
                pass


async def test_nobody_there_is_unreachable_within_the_patience() -> None:
    async with ScriptedServer() as server:
        url = server.url
    with pytest.raises(UnreachableError, match="no connection"):
        async with Bussa(url, "token", backoff=QUICK, patience=0.05):
            pass
