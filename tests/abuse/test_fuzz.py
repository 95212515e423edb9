"""Random requests and bytes on live connections: replies or a known close code, and a healthy server."""

import asyncio
import random
from collections import Counter

import msgpack
import msgspec
import pytest

from tests.abuse.attacks import JSON, MSGPACK, on_connections
from tests.abuse.victim import Victim
from tests.transport.peer import BINARY, SECONDS, TEXT, Ended, Peer, frame, json_frame

REQUESTS = [
    {"type": "send", "id": 1, "to": "target", "text": "ciao", "nonce": "n", "reply_to": 1},
    {"type": "history", "id": 2, "peer": "target", "before": 9, "limit": 50},
    {"type": "conversations", "id": 3, "folder": "inbox", "before": "cursor", "limit": 1},
    {"type": "read", "id": 4, "peer": "target", "n": 1},
    {"type": "accept", "id": 5, "peer": "target"},
    {"type": "decline", "id": 6, "peer": "target"},
    {"type": "block", "id": 7, "user": "nobody"},
    {"type": "report", "id": 8, "peer": "target", "reason": "spam", "n": 1},
    {"type": "settings", "id": 9, "set": {"knocks": True}},
    {"type": "profile", "id": 10, "user": "target"},
    {"type": "search", "id": 11, "query": "ciao", "peer": "target", "limit": 5},
    {"type": "sync", "id": 12, "after": 0, "limit": 5},
    {"type": "refresh", "id": 13, "token": "no token"},
    {"type": "ping", "id": 14},
    {"type": "typing", "peer": "target"},
    {"type": "hello", "token": "again"},
]
ODD_VALUES = [None, True, -1, 0, 1.5, 2**63, 10**400, "", "\u0000", "é" * 70, "x" * 20_000, [], {}, [[[]]], {"set": {}}]


def mutated(rng: random.Random, data: bytes) -> bytes:
    """``data`` with bytes changed, removed, repeated or inserted."""
    found = bytearray(data)
    for _ in range(rng.choice((0, 1, 1, 2, 8))):
        at = rng.randrange(len(found) + 1)
        match rng.randrange(4):
            case 0:
                found[at : at + 1] = rng.randbytes(1)
            case 1:
                del found[at : at + rng.randrange(1, 9)]
            case 2:
                found[at:at] = found[at : at + rng.randrange(1, 9)]
            case _:
                found[at:at] = rng.randbytes(rng.randrange(1, 5))
    return bytes(found)


def odd_request(rng: random.Random) -> dict[str, object]:
    """A request with odd, missing or unexpected fields."""
    fields: dict[str, object] = dict(rng.choice(REQUESTS))
    for _ in range(rng.choice((0, 0, 1, 2))):
        name = rng.choice([*fields, "id", "limit", "before", "n", "extra"])
        if rng.random() < 0.3:
            fields.pop(name, None)
        else:
            fields[name] = rng.choice(ODD_VALUES)
    return fields


def encoded_request(rng: random.Random, subprotocol: bytes, damage: float) -> bytes:
    """An odd request as bytes, which are mutated with the probability ``damage``."""
    fields = odd_request(rng)
    if subprotocol == JSON:
        payload = msgspec.json.encode({name: "1e999" if value == 10**400 else value for name, value in fields.items()})
    else:
        payload = msgpack.packb({name: 2**64 - 1 if value == 10**400 else value for name, value in fields.items()})
    return mutated(rng, payload) if rng.random() < damage else payload


@pytest.mark.parametrize("seed", range(2))
async def test_random_bytes_never_harm_the_server(victim: Victim, seed: int) -> None:
    # A user of its own, with a short log: the other attacks leave a long one, whose replay takes its time.
    token, _ = await asyncio.to_thread(victim.create_users, f"fuzzer-{seed}", "target")
    codes: Counter[int | None] = Counter()

    async def one(device: Peer, rng: random.Random) -> None:
        rng.seed(f"{seed} {rng.random()}")
        subprotocol = rng.choice((JSON, MSGPACK))
        opcode = TEXT if subprotocol == JSON else BINARY
        assert await device.upgrade(subprotocol=subprotocol) == 101
        hello = {"type": "hello", "token": token, "resume": 0}
        await device.write(json_frame(hello) if subprotocol == JSON else frame(msgpack.packb(hello), BINARY))
        # What does not decode ends the connection, so a third of them send only what does.
        damage, bad_frames = rng.choice(((0.0, False), (0.3, False), (0.1, True)))
        sending = True
        reading = asyncio.create_task(device.close_code())
        for _ in range(60):
            data = frame(encoded_request(rng, subprotocol, damage), opcode)
            if bad_frames and rng.random() < 0.05:
                data = mutated(rng, data)
            try:
                await device.write(data)
            except Ended:
                sending = False
                break
        if sending:
            await device.write_what_it_can(frame((1000).to_bytes(2, "big"), 8))
            # A frame with a wrong length swallows the close frame, too: such a connection need not end.
            await asyncio.wait([reading], timeout=1 if bad_frames else 3 * SECONDS)
        if reading.done():
            codes[reading.result()] += 1
        else:
            assert bad_frames, "the server did not answer the close frame"
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    await on_connections(victim, 150, one)
    await asyncio.to_thread(victim.assert_healthy)
    # 1007: bytes that happen to be a close frame, with a reason that is not UTF-8.
    assert codes.keys() <= {None, 1000, 1002, 1003, 1005, 1007, 1009, 4400, 4401, 4413, 4429}, codes
    assert codes.keys() >= {1000, 1002, 4400}, codes
