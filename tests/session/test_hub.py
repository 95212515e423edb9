"""The hub: which devices receive an event, and what is published to other nodes."""

import random

import pytest

from bussa_protocol.frames import events
from bussa_server.domain.unit_of_work import Entry
from bussa_server.node.encoded_event import EncodedEvent
from bussa_server.node.hub import Hub
from tests.session.fakes import FaultyBus, FaultyNetwork


class RecordingDevice:
    def __init__(self) -> None:
        self.received: list[object] = []

    def offer(self, seq: int, encoded: EncodedEvent) -> None:
        self.received.append((seq, encoded.json))

    def send_ephemeral(self, encoded: EncodedEvent) -> None:
        self.received.append(("ephemeral", encoded.msgpack))

    def revoked(self, at: int) -> None:
        self.received.append(("revoked", at))

    def expect_head(self, head: int) -> None:
        self.received.append(("head", head))


class Cluster:
    """Two nodes on one network."""

    def __init__(self) -> None:
        self.network = FaultyNetwork()
        self.charged: list[str] = []
        self.here = Hub(FaultyBus(self.network), self.charged.append)
        self.there = Hub(FaultyBus(self.network), self.charged.append)

    async def connect(self, hub: Hub, user: str) -> RecordingDevice:
        device = RecordingDevice()
        await hub.join(user, device)
        return device


@pytest.fixture
async def cluster() -> Cluster:
    return Cluster()


def read(user: str, seq: int) -> Entry:
    return Entry(user, events.ReadEvent(seq=seq, peer="bob", by="bob", n=seq))


async def test_event_reaches_every_device_except_its_origin(cluster: Cluster) -> None:
    origin, other = await cluster.connect(cluster.here, "alice"), await cluster.connect(cluster.here, "alice")
    far, stranger = await cluster.connect(cluster.there, "alice"), await cluster.connect(cluster.there, "carol")
    cluster.here.deliver(read("alice", 1), origin)
    assert (origin.received, [seq for seq, _ in other.received]) == ([], [1])
    assert far.received == []
    cluster.here.publish()
    cluster.network.deliver()
    assert far.received == other.received
    assert stranger.received == []


async def test_publish_hands_each_event_over_once(cluster: Cluster) -> None:
    cluster.here.deliver(read("alice", 1), None)
    cluster.here.deliver(read("alice", 2), None)
    assert cluster.network.in_flight == []
    cluster.here.publish()
    cluster.here.publish()
    assert [envelope.seq for _, envelope in cluster.network.in_flight] == [1, 2]


async def test_node_does_not_receive_its_own_events(cluster: Cluster) -> None:
    phone = await cluster.connect(cluster.here, "alice")
    cluster.here.deliver(read("alice", 1), None)
    cluster.here.publish()
    cluster.network.deliver()
    assert len(phone.received) == 1


async def test_left_device_receives_nothing_and_is_unsubscribed(cluster: Cluster) -> None:
    first, second = await cluster.connect(cluster.there, "alice"), await cluster.connect(cluster.there, "alice")
    bus = cluster.network.nodes[1]
    cluster.there.leave("alice", first)
    cluster.there.leave("alice", first)  # leaving twice changes nothing
    assert (cluster.there.count("alice"), bus.subscribed) == (1, {"alice"})
    cluster.there.leave("alice", second)
    assert (cluster.there.count("alice"), cluster.there.users, bus.subscribed) == (0, [], set())
    cluster.there.leave("alice", second)
    cluster.here.deliver(read("alice", 1), None)
    cluster.here.publish()
    cluster.network.deliver()
    assert first.received == second.received == []


async def test_revocation_reaches_every_node(cluster: Cluster) -> None:
    near, far = await cluster.connect(cluster.here, "alice"), await cluster.connect(cluster.there, "alice")
    cluster.here.revoke("alice", 77)
    cluster.network.deliver()
    assert near.received == far.received == [("revoked", 77)]


async def test_ephemeral_event_has_no_seq(cluster: Cluster) -> None:
    near, far = await cluster.connect(cluster.here, "alice"), await cluster.connect(cluster.there, "alice")
    cluster.here.deliver_ephemeral("alice", events.TypingEvent(peer="bob"))
    cluster.network.deliver()
    assert near.received == far.received
    assert len(near.received) == 1


async def test_send_is_charged_on_the_other_node(cluster: Cluster) -> None:
    await cluster.connect(cluster.there, "alice")
    await cluster.connect(cluster.there, "bob")
    message = events.MessageEvent(seq=1, peer="bob", n=1, sender="alice", text="ciao", at=1, folder="inbox")
    cluster.here.deliver(Entry("alice", message), None)
    cluster.here.deliver(Entry("bob", message), None)
    cluster.here.publish()
    cluster.network.deliver()
    assert cluster.charged == ["alice"]


async def test_heads_reach_only_their_user(cluster: Cluster) -> None:
    alice, carol = await cluster.connect(cluster.here, "alice"), await cluster.connect(cluster.here, "carol")
    cluster.here.compare_heads({"alice": 4, "nobody": 9}, {})
    assert (alice.received, carol.received) == ([("head", 4)], [])


async def test_resync_request_stays_set_until_cleared(cluster: Cluster) -> None:
    assert not cluster.here.resync_requested.is_set()
    cluster.network.nodes[0].on_resync()
    assert cluster.here.resync_requested.is_set()


async def test_device_leaving_during_delivery_does_not_disturb_others(cluster: Cluster) -> None:
    class Leaving(RecordingDevice):
        def revoked(self, at: int) -> None:
            super().revoked(at)
            cluster.here.leave("alice", self)

    phones = [Leaving() for _ in range(4)]
    for phone in phones:
        await cluster.here.join("alice", phone)
    cluster.here.revoke("alice", 1)
    assert [len(phone.received) for phone in phones] == [1, 1, 1, 1]


async def test_faulty_bus_delivers_nothing_to_other_users(cluster: Cluster) -> None:
    alice, carol = await cluster.connect(cluster.there, "alice"), await cluster.connect(cluster.there, "carol")
    for seq in range(1, 50):
        cluster.here.deliver(read("alice", seq), None)
    cluster.here.publish()
    cluster.network.deliver(random.Random(7))
    assert {seq for seq, _ in alice.received} < set(range(1, 50))
    assert carol.received == []
