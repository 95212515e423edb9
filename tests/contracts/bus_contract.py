"""The contract of the bus port: `BusContract` for every bus, `RemoteBusContract` for those that connect nodes.

A subclass provides the fixture ``nodes``; see `Nodes`.
"""

import asyncio
from typing import Protocol

import pytest

from bussa_server.ports.bus import Bus, Envelope
from tests.e2e.server_process import TIMEOUT


def envelope(user: str, seq: int | None = 1, text: bytes = b"{}", *, charge_sender: bool = False) -> Envelope:
    return Envelope(user, seq, text, b"\x80" + text, charge_sender=charge_sender)


class BusListener:
    """A node's bus, and what it has received on it."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.received: list[Envelope] = []
        self.resyncs = 0
        self._woken = asyncio.Event()
        bus.listen(self._on_envelope, self._on_resync)

    def _on_envelope(self, envelope: Envelope) -> None:
        self.received.append(envelope)
        self._woken.set()

    def _on_resync(self) -> None:
        self.resyncs += 1
        self._woken.set()

    async def expect(self, *expected: Envelope) -> None:
        """Wait for these envelopes, and assert that there were no others."""
        async with asyncio.timeout(TIMEOUT):
            while len(self.received) < len(expected):
                await self.wait()
        assert self.received == list(expected)

    async def wait_for_resync(self, before: int) -> None:
        async with asyncio.timeout(TIMEOUT):
            while self.resyncs <= before:
                await self.wait()

    async def wait(self) -> None:
        """Wait for the next envelope or resync."""
        self._woken.clear()
        await self._woken.wait()


class Nodes(Protocol):
    async def open(self) -> BusListener:
        """Open another node, which is connected."""
        ...


class BusContract:
    async def test_published_envelope_does_not_come_back(self, nodes: Nodes):
        here = await nodes.open()
        await here.bus.subscribe("alice")
        here.bus.publish([envelope("alice")])
        await here.bus.subscribe("bob")  # confirmed after anything that the publish would have brought back
        assert here.received == []

    async def test_unsubscribe_unknown_and_publish_nothing_are_no_ops(self, nodes: Nodes):
        here = await nodes.open()
        here.bus.unsubscribe("nobody")
        here.bus.publish([])
        here.bus.announce_loss()
        await here.bus.subscribe("alice")
        here.bus.unsubscribe("alice")
        here.bus.unsubscribe("alice")
        assert here.received == []

    async def test_connected_single_node_has_lost_nothing(self, nodes: Nodes):
        assert not (await nodes.open()).bus.may_have_lost

    async def test_closed_bus_accepts_every_call(self, nodes: Nodes):
        here = await nodes.open()
        await here.bus.close()
        here.bus.publish([envelope("alice")])
        await here.bus.subscribe("alice")
        here.bus.unsubscribe("alice")


class RemoteBusContract(BusContract):
    @pytest.mark.parametrize(
        "sent",
        [
            envelope("alice", 7, b'{"text":"ciao \xc3\xa8"}'),
            envelope("alice", None, bytes(range(256))),
            envelope("alice", 2**53),
            envelope("alice", charge_sender=True),
            Envelope("alice", None, b"", b"", 1_764_000_000_000),
            envelope("alice", 1, b"x" * 65_536),
        ],
    )
    async def test_envelope_round_trips(self, nodes: Nodes, sent: Envelope):
        here, there = await nodes.open(), await nodes.open()
        await there.bus.subscribe("alice")
        here.bus.publish([sent])
        await there.expect(sent)

    async def test_subscribe_is_confirmed_before_it_returns(self, nodes: Nodes):
        here, there = await nodes.open(), await nodes.open()
        expected = [envelope(f"user-{number}", number) for number in range(100)]
        for one in expected:
            await there.bus.subscribe(one.user)
            here.bus.publish([one])
        async with asyncio.timeout(TIMEOUT):
            while len(there.received) < len(expected):
                await there.wait()
        assert sorted(there.received) == sorted(expected)

    async def test_only_subscribers_receive(self, nodes: Nodes):
        here, there, elsewhere = [await nodes.open() for _ in range(3)]
        for listener in (here, there, elsewhere):
            await listener.bus.subscribe("both")
        await there.bus.subscribe("alice")
        here.bus.publish([envelope("alice", 1), envelope("nobody", 1)])
        await there.expect(envelope("alice", 1))
        # Two users may be on two servers, and order holds only within a server: so one at a time.
        here.bus.publish([envelope("both", 2)])
        await elsewhere.expect(envelope("both", 2))
        await there.expect(envelope("alice", 1), envelope("both", 2))

    async def test_one_unsubscribe_ends_any_number_of_subscribes(self, nodes: Nodes):
        here, there = await nodes.open(), await nodes.open()
        for _ in range(3):
            await there.bus.subscribe("alice")
        there.bus.unsubscribe("alice")
        await there.bus.subscribe("alice")  # subscribing again works
        here.bus.publish([envelope("alice", 1)])
        await there.expect(envelope("alice", 1))
        there.bus.unsubscribe("alice")
        await there.bus.subscribe("alice2")  # after it, on whichever server
        await self.wait_until_unsubscribed(there, "alice")
        here.bus.publish([envelope("alice", 2)])
        await here.bus.subscribe("alice")
        await there.bus.subscribe("alice")
        here.bus.publish([envelope("alice", 3)])
        await there.expect(envelope("alice", 1), envelope("alice", 3))

    async def wait_until_unsubscribed(self, listener: BusListener, user: str) -> None:
        """Wait until no server sends the envelopes of ``user`` to this node any more."""
        raise NotImplementedError

    async def test_a_large_batch_arrives_whole_and_in_order(self, nodes: Nodes):
        here, there = await nodes.open(), await nodes.open()
        await there.bus.subscribe("alice")
        batch = [envelope("alice", number, b"x" * 100) for number in range(5_000)]
        here.bus.publish(batch)
        await there.expect(*batch)

    async def test_announced_loss_makes_other_nodes_resync(self, nodes: Nodes):
        here, there = await nodes.open(), await nodes.open()
        before, own = there.resyncs, here.resyncs
        here.bus.announce_loss()
        await there.wait_for_resync(before)
        assert here.resyncs == own
