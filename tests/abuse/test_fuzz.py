"""Any bytes on a live connection: a farewell or an answer, and the server stands."""

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


def mutated(chance: random.Random, data: bytes) -> bytes:
    """``data`` with bytes changed, cut out, doubled."""
    found = bytearray(data)
    for _ in range(chance.choice((0, 1, 1, 2, 8))):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(4):
            case 0:
                found[at : at + 1] = chance.randbytes(1)
            case 1:
                del found[at : at + chance.randrange(1, 9)]
            case 2:
                found[at:at] = found[at : at + chance.randrange(1, 9)]
            case _:
                found[at:at] = chance.randbytes(chance.randrange(1, 5))
    return bytes(found)


def odd_request(chance: random.Random) -> dict[str, object]:
    """A request with a field that is odd, missing, or another's."""
    fields: dict[str, object] = dict(chance.choice(REQUESTS))
    for _ in range(chance.choice((0, 0, 1, 2))):
        name = chance.choice([*fields, "id", "limit", "before", "n", "extra"])
        if chance.random() < 0.3:
            fields.pop(name, None)
        else:
            fields[name] = chance.choice(ODD_VALUES)
    return fields


def encoded_request(chance: random.Random, subprotocol: bytes, damage: float) -> bytes:
    """An odd request as bytes, which are mutated with the probability ``damage``."""
    fields = odd_request(chance)
    if subprotocol == JSON:
        payload = msgspec.json.encode({name: "1e999" if value == 10**400 else value for name, value in fields.items()})
    else:
        payload = msgpack.packb({name: 2**64 - 1 if value == 10**400 else value for name, value in fields.items()})
    return mutated(chance, payload) if chance.random() < damage else payload


@pytest.mark.parametrize("seed", range(2))
async def test_random_bytes_never_harm_the_server(victim: Victim, token: str, seed: int) -> None:
    codes: Counter[int | None] = Counter()

    async def one(device: Peer, chance: random.Random) -> None:
        chance.seed(f"{seed} {chance.random()}")
        subprotocol = chance.choice((JSON, MSGPACK))
        opcode = TEXT if subprotocol == JSON else BINARY
        assert await device.upgrade(subprotocol=subprotocol) == 101
        hello = {"type": "hello", "token": token, "resume": 0}
        await device.write(json_frame(hello) if subprotocol == JSON else frame(msgpack.packb(hello), BINARY))
        # What does not decode ends the connection, so a third of them send only what does.
        damage, bad_frames = chance.choice(((0.0, False), (0.3, False), (0.1, True)))
        sending = True
        reading = asyncio.create_task(device.close_code())
        for _ in range(60):
            data = frame(encoded_request(chance, subprotocol, damage), opcode)
            if bad_frames and chance.random() < 0.05:
                data = mutated(chance, data)
            try:
                await device.write(data)
            except Ended:
                sending = False
                break
        if sending:
            await device.write_what_it_can(frame((1000).to_bytes(2, "big"), 8))
            # A frame with a wrong length swallows the close frame, too: such a connection need not end.
            await asyncio.wait([reading], timeout=1 if bad_frames else SECONDS)
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
