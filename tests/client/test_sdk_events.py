"""The events: each once, in order, whatever is lost, doubled or read slowly."""

import asyncio

import pytest

from bussa import (
    Reset,
    Status,
)
from bussa_protocol.frames import events, requests
from tests.client.plays import bussa, some
from tests.client.scripted_server import ScriptedServer


async def test_a_message_is_sent_and_one_is_received() -> None:
    async with ScriptedServer() as server, bussa(server) as me:
        assert (me.user, me.status) == ("me", Status.LIVE)
        sent = await me.send("bob", "ciao")
        assert (sent.peer, sent.n, sent.seq) == ("bob", 1, 1)
        written = await server.bob_writes()
        assert await some(me, 1) == [written]
        assert me.cursor == ("one", 2)


async def test_doubled_events_come_once_and_lost_ones_are_read_from_the_log() -> None:
    async with ScriptedServer() as server, bussa(server) as me:
        await server.bob_writes(times=3)
        await server.bob_writes(lost=True)
        await server.bob_writes(lost=True)
        await server.bob_writes(times=2)
        assert [event.seq for event in await some(me, 4)] == [1, 2, 3, 4]
        assert me.counters.heals >= 1
        assert server.connections == 1


async def test_a_gap_that_the_log_no_longer_fills_ends_in_a_reset() -> None:
    async with ScriptedServer() as server, bussa(server) as me:
        await server.bob_writes(lost=True)
        server.account.kept_from = 2
        await server.bob_writes()
        assert (await some(me, 1))[0] == Reset(("one", 2))
        assert server.connections == 2


async def test_away_for_too_long_or_on_another_log_is_a_reset() -> None:
    async with ScriptedServer() as server, bussa(server, resume=("another", 7)) as me:
        assert await some(me, 1) == [Reset(me.cursor or ("", 0))]
        assert me.cursor == ("one", 0)
        assert server.hellos[0].epoch == "another"


async def test_waiting_for_an_event_may_be_cancelled() -> None:
    async with ScriptedServer() as server, bussa(server) as me:
        stream = me.events()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.01)
        written = await server.bob_writes()
        assert await anext(stream) == written


async def test_a_reader_who_is_slow_gets_all_of_it_and_calls_go_on() -> None:
    async with ScriptedServer() as server, bussa(server, queue=4) as me:
        for _ in range(60):
            await server.bob_writes()
        assert (await me.send("bob", "ciao")).seq == 61
        assert [event.seq for event in await some(me, 60)] == list(range(1, 61))
        await server.bob_writes()
        assert (await some(me, 1))[0].seq == 62
        assert me.cursor == ("one", 62)


async def test_who_does_not_listen_may_send_for_ever() -> None:
    async with ScriptedServer() as server, bussa(server, queue=4, listen=False) as me:
        for _ in range(30):
            await server.bob_writes()
            await me.send("bob", "ciao")
        assert await me.ping() == 60


async def test_typing_is_said_when_there_is_a_line_and_heard() -> None:
    async with ScriptedServer() as server, bussa(server) as me:
        await me.typing("bob")
        await server.until(lambda server: server.asked == [requests.Typing(peer="bob")])
        await server.push(events.Typing(peer="bob"))
        assert await some(me, 1) == [events.Typing(peer="bob")]


async def test_another_device_hears_what_this_one_says() -> None:
    async with ScriptedServer() as server, bussa(server) as phone, bussa(server) as laptop:
        sent = await phone.send("bob", "ciao")
        (event,) = await some(laptop, 1)
        assert (event.sender, event.n, event.seq) == ("me", sent.n, sent.seq)
