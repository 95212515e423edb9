"""A call: what is repeated, what is refused, what is given up, and what a close leaves behind."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bussa import (
    BadRequestError,
    Bussa,
    ClosedError,
    DeadlineError,
    InterruptedRequestError,
    NotAllowedError,
    RateLimitedError,
    UnavailableError,
)
from bussa_protocol.codes import Code
from bussa_protocol.frames import events, parts, replies, requests
from tests.client.plays import bussa, some
from tests.client.scripted_server import ScriptedServer, Step, any_send, refuse


@pytest.mark.parametrize("code", [Code.UNAVAILABLE, Code.RATE_LIMITED])
async def test_a_send_that_is_put_off_is_repeated_under_its_nonce(code: Code) -> None:
    steps = [Step(answers=[refuse(code, 0.001), refuse(code)])]
    async with ScriptedServer(steps) as server, bussa(server) as me:
        assert (await me.send("bob", "ciao", nonce="mine")).n == 1
        assert [request.nonce for request in server.asked if isinstance(request, requests.Send)] == ["mine"] * 3
        assert server.account.head == 1


async def test_a_send_that_is_put_off_past_its_patience_is_refused() -> None:
    steps = [Step(answers=[refuse(Code.UNAVAILABLE, 60.0), refuse(Code.RATE_LIMITED, 60.0)])]
    async with ScriptedServer(steps) as server, bussa(server, patience=5.0) as me:
        with pytest.raises(UnavailableError) as unavailable:
            await me.send("bob", "ciao")
        with pytest.raises(RateLimitedError):
            await me.send("bob", "ciao")
        assert unavailable.value.retry_after == 60.0


async def test_other_refusals_are_typed_and_not_repeated() -> None:
    steps = [Step(answers=[refuse(Code.NOT_ALLOWED), refuse(Code.UNAVAILABLE, 1.5)])]
    async with ScriptedServer(steps) as server, bussa(server) as me:
        with pytest.raises(NotAllowedError) as refused:
            await me.send("bob", "ciao")
        assert (refused.value.code, refused.value.message) == (Code.NOT_ALLOWED, "no: not_allowed")
        with pytest.raises(UnavailableError):
            await me.history("bob")
        assert len(server.asked) == 2


async def test_no_answer_in_time_is_no_failure_and_the_nonce_settles_it() -> None:
    async with ScriptedServer([Step(mute_for=any_send)]) as server, bussa(server) as me:
        with pytest.raises(DeadlineError) as late:
            await me.send("bob", "ciao", patience=0.05)
        assert late.value.nonce is not None
        assert [(event.sender, event.n) for event in await _after_ping(me, 1)] == [("me", 1)]
        server.cut_all()
        assert (await me.send("bob", "ciao", nonce=late.value.nonce)).n == 1
        assert server.account.head == 1


async def _after_ping(me: Bussa, count: int) -> list[Any]:
    await me.ping()
    return await some(me, count)


IDEMPOTENT: dict[str, Callable[[Bussa], Awaitable[Any]]] = {
    "history": lambda me: me.history("bob", before=9, limit=3),
    "conversations": lambda me: me.conversations("requests"),
    "read": lambda me: me.read("bob", 3),
    "accept": lambda me: me.accept("bob"),
    "decline": lambda me: me.decline("bob"),
    "block": lambda me: me.block("bob"),
    "unblock": lambda me: me.unblock("bob"),
    "mute": lambda me: me.mute("bob"),
    "unmute": lambda me: me.unmute("bob"),
    "settings": lambda me: me.settings(knocks=True),
    "profile": lambda me: me.profile("bob"),
    "search": lambda me: me.search("ciao", peer="bob"),
    "sync": lambda me: me.sync(0, limit=5),
    "refresh": lambda me: me.refresh("newer"),
    "ping": lambda me: me.ping(),
}


@pytest.mark.parametrize("call", IDEMPOTENT.values(), ids=IDEMPOTENT.keys())
async def test_a_request_that_may_be_carried_out_twice_is_repeated(call: Callable[[Bussa], Awaitable[Any]]) -> None:
    async with ScriptedServer([Step(break_after=lambda _: True)]) as server, bussa(server) as me:
        await call(me)
        assert len(server.asked) == 2
        assert server.asked[0] == server.asked[1]


async def test_a_report_is_not_repeated_and_its_caller_is_told() -> None:
    async with ScriptedServer([Step(break_after=lambda _: True)]) as server, bussa(server) as me:
        with pytest.raises(InterruptedRequestError):
            await me.report("bob", "spam", n=3, block=True)
        await me.report("bob", "other")
        assert [request for request in server.asked if isinstance(request, requests.Report)] == [
            requests.Report(id=1, peer="bob", reason="spam", n=3, block=True),
            requests.Report(id=2, peer="bob", reason="other"),
        ]


async def test_what_is_asked_while_there_is_no_connection_waits_for_one() -> None:
    async with ScriptedServer() as server, bussa(server) as me:
        server.steps = [Step(http=503)] * 2
        server.cut_all()
        await server.until(lambda server: server.connections >= 2)
        assert (await me.send("bob", "ciao")).n == 1
        assert (await me.settings()) == parts.Settings()


async def test_a_cancelled_call_leaves_nothing_behind() -> None:
    async with ScriptedServer([Step(mute_for=any_send)]) as server, bussa(server) as me:
        call = asyncio.create_task(me.send("bob", "ciao"))
        await server.until(lambda server: len(server.asked) == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert not me._callers
        assert len(me._state.asks) == 0
        assert await me.ping() == 1


async def test_closing_waits_for_answers_that_are_still_to_come() -> None:
    async with ScriptedServer() as server:
        async with bussa(server) as me:
            calls = [asyncio.create_task(me.send("bob", "ciao")) for _ in range(20)]
            await server.until(lambda server: len(server.asked) >= 1)
            written = await server.bob_writes()
        assert [sent.n for sent in await asyncio.gather(*calls)] == sorted({*range(1, 22)} - {written.n})
        assert [event async for event in me.events()] == [written], "what had come can still be read"
        with pytest.raises(ClosedError):
            await me.send("bob", "too late")


async def test_closing_without_a_connection_fails_the_calls_that_wait() -> None:
    async with ScriptedServer() as server:
        async with bussa(server) as me:
            server.steps = [Step(http=503)] * 1000
            server.cut_all()
            await server.until(lambda server: server.connections >= 2)
            call = asyncio.create_task(me.send("bob", "ciao"))
            await asyncio.sleep(0)
        with pytest.raises(ClosedError):
            await call


async def test_a_body_that_raises_closes_at_once_and_leaves_no_task() -> None:
    calls: list[asyncio.Task[Any]] = []

    async def body(server: ScriptedServer) -> None:
        async with bussa(server) as me:
            calls.append(asyncio.create_task(me.send("bob", "ciao")))
            await server.until(lambda server: len(server.asked) == 1)
            raise ZeroDivisionError

    async with ScriptedServer([Step(mute_for=any_send)]) as server:
        with pytest.raises(ZeroDivisionError):
            await body(server)
        with pytest.raises(ClosedError):
            await calls[0]
        assert "bussa" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_a_frame_that_is_too_large_is_refused_before_it_is_said() -> None:
    async with ScriptedServer() as server, bussa(server) as me:
        with pytest.raises(BadRequestError):
            await me.refresh("x" * 70_000)
        with pytest.raises(BadRequestError):
            await me.send("bob", "\ud800")
        assert await me.ping() == 0
        assert len(server.asked) == 1


async def test_a_page_larger_than_a_client_frame_is_read() -> None:
    async with ScriptedServer() as server, bussa(server) as me:
        text = "è" * 10_000
        for _ in range(200):
            server.account.write("bob", "bob", text)
        page = await me.sync(0, limit=200)
        assert [event.text == text for event in page.events if isinstance(event, events.Message)] == [True] * 200


async def test_a_profile_and_the_rest_are_typed() -> None:
    async with ScriptedServer() as server, bussa(server) as me:
        assert await me.profile("bob") == replies.Profile(id=1, user="bob", name="bob", can_message="yes")
        assert (await me.conversations()).next is None
        assert (await me.search("x")).hits == []
        assert server.connections == 1
