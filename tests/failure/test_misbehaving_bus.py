"""Somebody on the bus doubles, delays and shuffles what the nodes say, and adds what nobody has said."""

import asyncio
import random
import threading
from collections import deque

import redis

from bussa_server.adapters.redis.envelopes import decode_envelope, encode_envelope
from tests.failure.deployment import Deployment
from tests.failure.traffic import Traffic

REMEMBERED = 500


class BusTamperer:
    """A thread that listens to every user's channel, and publishes on them what it likes."""

    def __init__(self, port: int, seed: int) -> None:
        self._client = redis.Redis(port=port)
        self._rng = random.Random(seed)
        self._published: set[bytes] = set()
        self._end = threading.Event()
        self.counts = dict.fromkeys(("doubled", "stale", "ahead", "garbage"), 0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._end.set()
        self._thread.join(10)
        self._client.close()

    def _run(self) -> None:
        heard: deque[tuple[bytes, bytes]] = deque(maxlen=REMEMBERED)
        with self._client.pubsub(ignore_subscribe_messages=True) as pubsub:
            pubsub.psubscribe("bussa:*:u:*")
            while not self._end.is_set():
                message = pubsub.get_message(timeout=0.1)
                if message is None or message["data"] in self._published:
                    continue
                heard.append((message["channel"], message["data"]))
                pipeline = self._client.pipeline(transaction=False)
                for channel, data, what in self._tampered(message["channel"], message["data"], heard):
                    self.counts[what] += 1
                    self._published.add(data)
                    pipeline.publish(channel, data)
                pipeline.execute()

    def _tampered(
        self, channel: bytes, data: bytes, heard: deque[tuple[bytes, bytes]]
    ) -> list[tuple[bytes, bytes, str]]:
        chance = self._rng
        _, envelope = decode_envelope(data)
        done: list[tuple[bytes, bytes, str]] = []
        if chance.random() < 0.3:
            # The same again, from a node that nobody knows.
            done.append((channel, encode_envelope("somebody", envelope), "doubled"))
        if chance.random() < 0.3:
            place, old = chance.choice(heard)
            done.append((place, encode_envelope("somebody", decode_envelope(old)[1]), "stale"))
        if chance.random() < 0.2 and envelope.seq is not None:
            # A seq that the log does not have, and what it would hold is nobody's word.
            ahead = envelope._replace(seq=envelope.seq + chance.choice((50, 10**6, 2**60)), json=b"?", msgpack=b"?")
            done.append((channel, encode_envelope("somebody", ahead), "ahead"))
        if chance.random() < 0.2:
            done.append((channel, chance.randbytes(chance.randrange(1, 60)), "garbage"))
        chance.shuffle(done)
        return done


async def test_tampered_bus_changes_no_log(deployment: Deployment, traffic: Traffic):
    foreign = [node.metric("redis_messages_invalid_total") for node in deployment.nodes]
    poltergeist = BusTamperer(deployment.redis.port, 1)
    try:
        await traffic.wait_for_messages(300)
        await traffic.block(0)
        await traffic.wait_for_messages(300)
        await traffic.stop_writing()
    finally:
        await asyncio.to_thread(poltergeist.close)
    assert min(poltergeist.counts.values()) > 50, poltergeist.counts
    assert sum(node.metric("redis_messages_invalid_total") for node in deployment.nodes) > sum(foreign)
    await traffic.verify()
