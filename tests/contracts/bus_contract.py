"""What every bus must do. `BusContract` is for each of them, `RemoteBusContract` for those that have nodes to ring.

A subclass says how a node is opened; see `Nodes`.
"""

import asyncio
from typing import Protocol

import pytest

from bussa_server.ports.bus import Bus, Envelope
from tests.scenes.serving import SECONDS


def envelope(user: str, seq: int | None = 1, text: bytes = b"{}", *, spent: bool = False) -> Envelope:
    return Envelope(user, seq, text, b"\x80" + text, spent=spent)


class Ear:
    """A node's bus, and what it has heard there."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.heard: list[Envelope] = []
        self.doubts = 0
        self._stirred = asyncio.Event()
        bus.listen(self._envelope, self._doubt)

    def _envelope(self, envelope: Envelope) -> None:
        self.heard.append(envelope)
        self._stirred.set()

    def _doubt(self) -> None:
        self.doubts += 1
        self._stirred.set()

    async def hears(self, *expected: Envelope) -> None:
        """Wait until this was heard, and hold it to nothing else having been."""
        async with asyncio.timeout(SECONDS):
            while len(self.heard) < len(expected):
                await self.stir()
        assert self.heard == list(expected)

    async def doubts_again(self, before: int) -> None:
        async with asyncio.timeout(SECONDS):
            while self.doubts <= before:
                await self.stir()

    async def stir(self) -> None:
        """Wait until something is heard."""
        self._stirred.clear()
        await self._stirred.wait()


class Nodes(Protocol):
    async def open(self) -> Ear:
        """One node more, which is whole."""
        ...


class BusContract:
    async def test_what_one_rings_does_not_come_back(self, nodes: Nodes):
        here = await nodes.open()
        await here.bus.watch("alice")
        here.bus.ring([envelope("alice")])
        await here.bus.watch("bob")  # answered after whatever the ringing would have brought
        assert here.heard == []

    async def test_watching_nobody_and_ringing_nothing_is_fine(self, nodes: Nodes):
        here = await nodes.open()
        here.bus.unwatch("nobody")
        here.bus.ring([])
        here.bus.warn()
        await here.bus.watch("alice")
        here.bus.unwatch("alice")
        here.bus.unwatch("alice")
        assert here.heard == []

    async def test_a_node_alone_and_whole_has_no_doubt(self, nodes: Nodes):
        assert not (await nodes.open()).bus.in_doubt

    async def test_closed_it_still_takes_whatever_comes(self, nodes: Nodes):
        here = await nodes.open()
        await here.bus.close()
        here.bus.ring([envelope("alice")])
        await here.bus.watch("alice")
        here.bus.unwatch("alice")


class RemoteBusContract(BusContract):
    @pytest.mark.parametrize(
        "sent",
        [
            envelope("alice", 7, b'{"text":"ciao \xc3\xa8"}'),
            envelope("alice", None, bytes(range(256))),
            envelope("alice", 2**53),
            envelope("alice", spent=True),
            Envelope("alice", None, b"", b"", 1_764_000_000_000),
            envelope("alice", 1, b"x" * 65_536),
        ],
    )
    async def test_it_arrives_as_it_was(self, nodes: Nodes, sent: Envelope):
        here, there = await nodes.open(), await nodes.open()
        await there.bus.watch("alice")
        here.bus.ring([sent])
        await there.hears(sent)

    async def test_a_watch_is_confirmed_before_it_returns(self, nodes: Nodes):
        here, there = await nodes.open(), await nodes.open()
        expected = [envelope(f"user-{number}", number) for number in range(100)]
        for one in expected:
            await there.bus.watch(one.user)
            here.bus.ring([one])
        async with asyncio.timeout(SECONDS):
            while len(there.heard) < len(expected):
                await there.stir()
        assert sorted(there.heard) == sorted(expected)

    async def test_only_who_watches_hears(self, nodes: Nodes):
        here, there, elsewhere = [await nodes.open() for _ in range(3)]
        for ear in (here, there, elsewhere):
            await ear.bus.watch("both")
        await there.bus.watch("alice")
        here.bus.ring([envelope("alice", 1), envelope("nobody", 1)])
        await there.hears(envelope("alice", 1))
        # Two users may lie on two servers, and only one server keeps an order: so once for each.
        here.bus.ring([envelope("both", 2)])
        await elsewhere.hears(envelope("both", 2))
        await there.hears(envelope("alice", 1), envelope("both", 2))

    async def test_one_unwatch_ends_it_however_often_it_was_watched(self, nodes: Nodes):
        here, there = await nodes.open(), await nodes.open()
        for _ in range(3):
            await there.bus.watch("alice")
        there.bus.unwatch("alice")
        await there.bus.watch("alice")  # and it can begin anew
        here.bus.ring([envelope("alice", 1)])
        await there.hears(envelope("alice", 1))
        there.bus.unwatch("alice")
        await there.bus.watch("alice2")  # after it, on whichever server
        await self.unwatched(there, "alice")
        here.bus.ring([envelope("alice", 2)])
        await here.bus.watch("alice")
        await there.bus.watch("alice")
        here.bus.ring([envelope("alice", 3)])
        await there.hears(envelope("alice", 1), envelope("alice", 3))

    async def unwatched(self, ear: Ear, user: str) -> None:
        """Wait until nobody brings what concerns ``user`` to this node any more."""
        raise NotImplementedError

    async def test_a_large_batch_arrives_whole_and_in_order(self, nodes: Nodes):
        here, there = await nodes.open(), await nodes.open()
        await there.bus.watch("alice")
        batch = [envelope("alice", number, b"x" * 100) for number in range(5_000)]
        here.bus.ring(batch)
        await there.hears(*batch)

    async def test_a_warning_makes_the_others_doubt(self, nodes: Nodes):
        here, there = await nodes.open(), await nodes.open()
        before, own = there.doubts, here.doubts
        here.bus.warn()
        await there.doubts_again(before)
        assert here.doubts == own
