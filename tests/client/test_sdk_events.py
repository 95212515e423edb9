"""Events come once and in order, also when they are lost, duplicated or read slowly."""

import asyncio

import pytest

from bussa import (
    ConnectionStatus,
    Reset,
)
from bussa_protocol.frames import events, requests
from tests.client.scripted_server import ScriptedServer
from tests.client.sdk_helpers import connect_client, take_events


async def test_message_is_sent_and_received() -> None:
    async with ScriptedServer() as server, connect_client(server) as me:
        assert (me.user, me.status) == ("me", ConnectionStatus.CONNECTED)
        sent = await me.send("bob", "ciao")
        assert (sent.peer, sent.n, sent.seq) == ("bob", 1, 1)
        written = await server.bob_writes()
        assert await take_events(me, 1) == [written]
        assert me.cursor == ("one", 2)


async def test_duplicate_events_come_once_and_lost_ones_are_recovered() -> None:
    async with ScriptedServer() as server, connect_client(server) as me:
        await server.bob_writes(times=3)
        await server.bob_writes(lost=True)
        await server.bob_writes(lost=True)
        await server.bob_writes(times=2)
        assert [event.seq for event in await take_events(me, 4)] == [1, 2, 3, 4]
        assert me.counters.gap_recoveries >= 1
        assert server.connections == 1


async def test_unrecoverable_gap_ends_in_reset() -> None:
    async with ScriptedServer() as server, connect_client(server) as me:
        await server.bob_writes(lost=True)
        server.model.oldest_seq = 2
        await server.bob_writes()
        assert (await take_events(me, 1))[0] == Reset(("one", 2))
        assert server.connections == 2


async def test_resume_in_another_epoch_is_reset() -> None:
    async with ScriptedServer() as server, connect_client(server, resume=("another", 7)) as me:
        assert await take_events(me, 1) == [Reset(me.cursor or ("", 0))]
        assert me.cursor == ("one", 0)
        assert server.hellos[0].epoch == "another"


async def test_event_wait_may_be_cancelled() -> None:
    async with ScriptedServer() as server, connect_client(server) as me:
        stream = me.events()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.01)
        written = await server.bob_writes()
        assert await anext(stream) == written


async def test_slow_reader_gets_every_event_and_calls_continue() -> None:
    async with ScriptedServer() as server, connect_client(server, queue_size=4) as me:
        for _ in range(60):
            await server.bob_writes()
        assert (await me.send("bob", "ciao")).seq == 61
        assert [event.seq for event in await take_events(me, 60)] == list(range(1, 61))
        await server.bob_writes()
        assert (await take_events(me, 1))[0].seq == 62
        assert me.cursor == ("one", 62)


async def test_client_without_listen_may_send_without_bound() -> None:
    async with ScriptedServer() as server, connect_client(server, queue_size=4, listen=False) as me:
        for _ in range(30):
            await server.bob_writes()
            await me.send("bob", "ciao")
        assert await me.ping() == 60


async def test_typing_is_sent_while_connected_and_received() -> None:
    async with ScriptedServer() as server, connect_client(server) as me:
        await me.typing("bob")
        await server.wait_until(lambda server: server.received == [requests.TypingRequest(peer="bob")])
        await server.push(events.TypingEvent(peer="bob"))
        assert await take_events(me, 1) == [events.TypingEvent(peer="bob")]


async def test_other_device_receives_own_message() -> None:
    async with ScriptedServer() as server, connect_client(server) as phone, connect_client(server) as laptop:
        sent = await phone.send("bob", "ciao")
        (event,) = await take_events(laptop, 1)
        assert (event.sender, event.n, event.seq) == ("me", sent.n, sent.seq)
