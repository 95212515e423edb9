"""The hub: who is here, who hears what, and what the other nodes are told."""

import random

import pytest

from bussa_protocol.frames import events
from bussa_server.domain.book import Entry
from bussa_server.session.hub import Hub
from bussa_server.session.wire import Wire as Frame
from tests.session.fakes import FaultyBus, Wire


class Phone:
    def __init__(self) -> None:
        self.heard: list[object] = []

    def offer(self, seq: int, wire: Frame) -> None:
        self.heard.append((seq, wire.json))

    def hint(self, wire: Frame) -> None:
        self.heard.append(("hint", wire.msgpack))

    def revoked(self, at: int) -> None:
        self.heard.append(("revoked", at))

    def check(self, head: int) -> None:
        self.heard.append(("check", head))


class Town:
    """Two nodes on one wire."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.spent: list[str] = []
        self.here = Hub(FaultyBus(self.wire), self.spent.append)
        self.there = Hub(FaultyBus(self.wire), self.spent.append)

    async def phone(self, hub: Hub, user: str) -> Phone:
        phone = Phone()
        await hub.join(user, phone)
        return phone


@pytest.fixture
async def town() -> Town:
    return Town()


def read(user: str, seq: int) -> Entry:
    return Entry(user, events.Read(seq=seq, peer="bob", by="bob", n=seq))


async def test_every_device_of_the_user_but_the_one_that_asked(town: Town) -> None:
    asking, other = await town.phone(town.here, "alice"), await town.phone(town.here, "alice")
    far, stranger = await town.phone(town.there, "alice"), await town.phone(town.there, "carol")
    town.here.deliver(read("alice", 1), asking)
    assert (asking.heard, [seq for seq, _ in other.heard]) == ([], [1])
    assert far.heard == []
    town.here.ring()
    town.wire.carry()
    assert far.heard == other.heard
    assert stranger.heard == []


async def test_the_bus_is_rung_once_for_what_was_delivered(town: Town) -> None:
    town.here.deliver(read("alice", 1), None)
    town.here.deliver(read("alice", 2), None)
    assert town.wire.under_way == []
    town.here.ring()
    town.here.ring()
    assert [envelope.seq for _, envelope in town.wire.under_way] == [1, 2]


async def test_a_node_hears_nothing_of_itself(town: Town) -> None:
    phone = await town.phone(town.here, "alice")
    town.here.deliver(read("alice", 1), None)
    town.here.ring()
    town.wire.carry()
    assert len(phone.heard) == 1


async def test_who_has_left_hears_nothing_and_is_forgotten(town: Town) -> None:
    first, second = await town.phone(town.there, "alice"), await town.phone(town.there, "alice")
    bus = town.wire.nodes[1]
    town.there.leave("alice", first)
    town.there.leave("alice", first)  # leaving twice is leaving
    assert (town.there.count("alice"), bus.watched) == (1, {"alice"})
    town.there.leave("alice", second)
    assert (town.there.count("alice"), town.there.users, bus.watched) == (0, [], set())
    town.there.leave("alice", second)
    town.here.deliver(read("alice", 1), None)
    town.here.ring()
    town.wire.carry()
    assert first.heard == second.heard == []


async def test_a_revocation_reaches_every_node(town: Town) -> None:
    near, far = await town.phone(town.here, "alice"), await town.phone(town.there, "alice")
    town.here.revoke("alice", 77)
    town.wire.carry()
    assert near.heard == far.heard == [("revoked", 77)]


async def test_what_is_fleeting_has_no_seq(town: Town) -> None:
    near, far = await town.phone(town.here, "alice"), await town.phone(town.there, "alice")
    town.here.hint("alice", events.Typing(peer="bob"))
    town.wire.carry()
    assert near.heard == far.heard
    assert len(near.heard) == 1


async def test_what_a_user_wrote_here_is_spent_there(town: Town) -> None:
    await town.phone(town.there, "alice")
    await town.phone(town.there, "bob")
    message = events.Message(seq=1, peer="bob", n=1, sender="alice", text="ciao", at=1, folder="inbox")
    town.here.deliver(Entry("alice", message), None)
    town.here.deliver(Entry("bob", message), None)
    town.here.ring()
    town.wire.carry()
    assert town.spent == ["alice"]


async def test_heads_are_told_to_whom_they_concern(town: Town) -> None:
    alice, carol = await town.phone(town.here, "alice"), await town.phone(town.here, "carol")
    town.here.compare({"alice": 4, "nobody": 9}, {})
    assert (alice.heard, carol.heard) == ([("check", 4)], [])


async def test_a_doubt_of_the_bus_stays_until_somebody_has_looked(town: Town) -> None:
    assert not town.here.doubted.is_set()
    town.wire.nodes[0].on_doubt()
    assert town.here.doubted.is_set()


async def test_whoever_ends_while_being_told_disturbs_nobody(town: Town) -> None:
    class Leaving(Phone):
        def revoked(self, at: int) -> None:
            super().revoked(at)
            town.here.leave("alice", self)

    phones = [Leaving() for _ in range(4)]
    for phone in phones:
        await town.here.join("alice", phone)
    town.here.revoke("alice", 1)
    assert [len(phone.heard) for phone in phones] == [1, 1, 1, 1]


async def test_a_wire_that_breaks_its_word_brings_nothing_to_strangers(town: Town) -> None:
    alice, carol = await town.phone(town.there, "alice"), await town.phone(town.there, "carol")
    for seq in range(1, 50):
        town.here.deliver(read("alice", seq), None)
    town.here.ring()
    town.wire.carry(random.Random(7))
    assert {seq for seq, _ in alice.heard} < set(range(1, 50))
    assert carol.heard == []
