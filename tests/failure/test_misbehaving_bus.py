"""A bus that duplicates, delays and reorders the nodes' messages, and adds forged ones."""

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
    """A thread that subscribes to every user's channel and publishes tampered messages there."""

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
        history: deque[tuple[bytes, bytes]] = deque(maxlen=REMEMBERED)
        with self._client.pubsub(ignore_subscribe_messages=True) as pubsub:
            pubsub.psubscribe("bussa:*:u:*")
            while not self._end.is_set():
                message = pubsub.get_message(timeout=0.1)
                if message is None or message["data"] in self._published:
                    continue
                history.append((message["channel"], message["data"]))
                pipeline = self._client.pipeline(transaction=False)
                for channel, data, what in self._tampered(message["channel"], message["data"], history):
                    self.counts[what] += 1
                    self._published.add(data)
                    pipeline.publish(channel, data)
                pipeline.execute()

    def _tampered(
        self, channel: bytes, data: bytes, history: deque[tuple[bytes, bytes]]
    ) -> list[tuple[bytes, bytes, str]]:
        rng = self._rng
        _, envelope = decode_envelope(data)
        tampered: list[tuple[bytes, bytes, str]] = []
        if rng.random() < 0.3:
            # A duplicate, from an unknown node.
            tampered.append((channel, encode_envelope("unknown-node", envelope), "doubled"))
        if rng.random() < 0.3:
            old_channel, old = rng.choice(history)
            tampered.append((old_channel, encode_envelope("unknown-node", decode_envelope(old)[1]), "stale"))
        if rng.random() < 0.2 and envelope.seq is not None:
            # A seq beyond the head of the log, with invalid content.
            ahead = envelope._replace(seq=envelope.seq + rng.choice((50, 10**6, 2**60)), json=b"?", msgpack=b"?")
            tampered.append((channel, encode_envelope("unknown-node", ahead), "ahead"))
        if rng.random() < 0.2:
            tampered.append((channel, rng.randbytes(rng.randrange(1, 60)), "garbage"))
        rng.shuffle(tampered)
        return tampered


async def test_tampered_bus_changes_no_log(deployment: Deployment, traffic: Traffic):
    invalid = [node.metric("redis_messages_invalid_total") for node in deployment.nodes]
    tamperer = BusTamperer(deployment.redis.port, 1)
    try:
        await traffic.wait_for_messages(300)
        await traffic.block(0)
        await traffic.wait_for_messages(300)
        await traffic.stop_writing()
    finally:
        await asyncio.to_thread(tamperer.close)
    assert min(tamperer.counts.values()) > 50, tamperer.counts
    assert sum(node.metric("redis_messages_invalid_total") for node in deployment.nodes) > sum(invalid)
    await traffic.verify()
