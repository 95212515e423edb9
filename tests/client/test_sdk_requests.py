"""Requests: retries, errors, time-outs, cancellation and close."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bussa import (
    BadRequestError,
    Client,
    ConnectionClosedError,
    NotAllowedError,
    RateLimitedError,
    RequestInterruptedError,
    RequestTimeoutError,
    UnavailableError,
)
from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import events, parts, replies, requests
from tests.client.scripted_server import ScriptedServer, Step, any_send, error_reply
from tests.client.sdk_helpers import connect_client, take_events


@pytest.mark.parametrize("code", [ErrorCode.UNAVAILABLE, ErrorCode.RATE_LIMITED])
async def test_postponed_send_is_retried_under_its_nonce(code: ErrorCode) -> None:
    steps = [Step(answers=[error_reply(code, 0.001), error_reply(code)])]
    async with ScriptedServer(steps) as server, connect_client(server) as me:
        assert (await me.send("bob", "ciao", nonce="mine")).n == 1
        assert [request.nonce for request in server.received if isinstance(request, requests.SendRequest)] == [
            "mine"
        ] * 3
        assert server.model.head == 1


async def test_send_postponed_past_timeout_raises_its_error() -> None:
    steps = [Step(answers=[error_reply(ErrorCode.UNAVAILABLE, 60.0), error_reply(ErrorCode.RATE_LIMITED, 60.0)])]
    async with ScriptedServer(steps) as server, connect_client(server, timeout=5.0) as me:
        with pytest.raises(UnavailableError) as unavailable:
            await me.send("bob", "ciao")
        with pytest.raises(RateLimitedError):
            await me.send("bob", "ciao")
        assert unavailable.value.retry_after == 60.0


async def test_other_errors_are_typed_and_not_retried() -> None:
    steps = [Step(answers=[error_reply(ErrorCode.NOT_ALLOWED), error_reply(ErrorCode.UNAVAILABLE, 1.5)])]
    async with ScriptedServer(steps) as server, connect_client(server) as me:
        with pytest.raises(NotAllowedError) as refused:
            await me.send("bob", "ciao")
        assert (refused.value.code, refused.value.message) == (ErrorCode.NOT_ALLOWED, "no: not_allowed")
        with pytest.raises(UnavailableError):
            await me.history("bob")
        assert len(server.received) == 2


async def test_timed_out_send_is_settled_by_its_nonce() -> None:
    async with ScriptedServer([Step(no_reply_to=any_send)]) as server, connect_client(server) as me:
        with pytest.raises(RequestTimeoutError) as late:
            await me.send("bob", "ciao", timeout=0.05)
        assert late.value.nonce is not None
        assert [(event.sender, event.n) for event in await _after_ping(me, 1)] == [("me", 1)]
        server.drop_all()
        assert (await me.send("bob", "ciao", nonce=late.value.nonce)).n == 1
        assert server.model.head == 1


async def _after_ping(me: Client, count: int) -> list[Any]:
    await me.ping()
    return await take_events(me, count)


IDEMPOTENT: dict[str, Callable[[Client], Awaitable[Any]]] = {
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
async def test_idempotent_request_is_retried(call: Callable[[Client], Awaitable[Any]]) -> None:
    async with ScriptedServer([Step(break_after=lambda _: True)]) as server, connect_client(server) as me:
        await call(me)
        assert len(server.received) == 2
        assert server.received[0] == server.received[1]


async def test_report_is_not_retried_and_raises_interrupted() -> None:
    async with ScriptedServer([Step(break_after=lambda _: True)]) as server, connect_client(server) as me:
        with pytest.raises(RequestInterruptedError):
            await me.report("bob", "spam", n=3, block=True)
        await me.report("bob", "other")
        assert [request for request in server.received if isinstance(request, requests.ReportRequest)] == [
            requests.ReportRequest(id=1, peer="bob", reason="spam", n=3, block=True),
            requests.ReportRequest(id=2, peer="bob", reason="other"),
        ]


async def test_request_without_connection_waits_for_one() -> None:
    async with ScriptedServer() as server, connect_client(server) as me:
        server.steps = [Step(http=503)] * 2
        server.drop_all()
        await server.wait_until(lambda server: server.connections >= 2)
        assert (await me.send("bob", "ciao")).n == 1
        assert (await me.settings()) == parts.Settings()


async def test_cancelled_call_leaves_nothing_pending() -> None:
    async with ScriptedServer([Step(no_reply_to=any_send)]) as server, connect_client(server) as me:
        call = asyncio.create_task(me.send("bob", "ciao"))
        await server.wait_until(lambda server: len(server.received) == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert me.in_flight == 0
        assert await me.ping() == 1


async def test_close_waits_for_pending_replies() -> None:
    async with ScriptedServer() as server:
        async with connect_client(server) as me:
            calls = [asyncio.create_task(me.send("bob", "ciao")) for _ in range(20)]
            await server.wait_until(lambda server: len(server.received) >= 1)
            written = await server.bob_writes()
        assert [sent.n for sent in await asyncio.gather(*calls)] == sorted({*range(1, 22)} - {written.n})
        assert [event async for event in me.events()] == [written], "buffered events can still be read"
        with pytest.raises(ConnectionClosedError):
            await me.send("bob", "too late")


async def test_close_without_connection_fails_pending_calls() -> None:
    async with ScriptedServer() as server:
        async with connect_client(server) as me:
            server.steps = [Step(http=503)] * 1000
            server.drop_all()
            await server.wait_until(lambda server: server.connections >= 2)
            call = asyncio.create_task(me.send("bob", "ciao"))
            await asyncio.sleep(0)
        with pytest.raises(ConnectionClosedError):
            await call


async def test_raising_body_closes_at_once_and_leaves_no_task() -> None:
    calls: list[asyncio.Task[Any]] = []

    async def body(server: ScriptedServer) -> None:
        async with connect_client(server) as me:
            calls.append(asyncio.create_task(me.send("bob", "ciao")))
            await server.wait_until(lambda server: len(server.received) == 1)
            raise ZeroDivisionError

    async with ScriptedServer([Step(no_reply_to=any_send)]) as server:
        with pytest.raises(ZeroDivisionError):
            await body(server)
        with pytest.raises(ConnectionClosedError):
            await calls[0]
        assert "bussa" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_oversized_frame_is_refused_before_sending() -> None:
    async with ScriptedServer() as server, connect_client(server) as me:
        with pytest.raises(BadRequestError):
            await me.refresh("x" * 70_000)
        with pytest.raises(BadRequestError):
            await me.send("bob", "\ud800")
        assert await me.ping() == 0
        assert len(server.received) == 1


async def test_page_larger_than_client_frame_is_read() -> None:
    async with ScriptedServer() as server, connect_client(server) as me:
        text = "è" * 10_000
        for _ in range(200):
            server.model.write("bob", "bob", text)
        page = await me.sync(0, limit=200)
        assert [event.text == text for event in page.events if isinstance(event, events.MessageEvent)] == [True] * 200


async def test_replies_are_typed() -> None:
    async with ScriptedServer() as server, connect_client(server) as me:
        assert await me.profile("bob") == replies.ProfileReply(id=1, user="bob", name="bob", can_message="yes")
        assert (await me.conversations()).next is None
        assert (await me.search("x")).hits == []
        assert server.connections == 1
