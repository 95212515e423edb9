"""Attacks of hostile peers. Each asserts how the server has to end it."""

import asyncio
import contextlib
import functools
import random
import secrets
from collections.abc import Awaitable, Callable

import httpx
import msgpack

from tests.abuse.victim import NO_KEEPALIVE, Target
from tests.transport.peer import BINARY, HANDSHAKE, PING, PONG, TEXT, Ended, Peer, frame, json_frame, peer

Attack = Callable[[Target, str, int], Awaitable[None]]
"""(target, token, number of concurrent peers)."""

JSON = b"bussa.v1.json"
MSGPACK = b"bussa.v1.msgpack"

WRITERS = 3


async def on_connections(
    target: Target, count: int, attack_one: Callable[[Peer, random.Random], Awaitable[None]]
) -> None:
    """Run ``attack_one`` on ``count`` connections at once."""

    async def alone(number: int) -> None:
        async with peer(target.port) as device:
            await attack_one(device, random.Random(number))

    await asyncio.gather(*(alone(number) for number in range(count)))


async def assert_closed_with(device: Peer, code: int) -> None:
    assert (found := await device.close_code()) == code, f"closed with {found} instead of {code}"


async def garbage(target: Target, token: str, count: int) -> None:
    async def one(device: Peer, rng: random.Random) -> None:
        await device.write_what_it_can(rng.randbytes(rng.choice((100, 10_000, 300_000))))
        await device.rest()

    await on_connections(target, count, one)


UNDECODABLE = {
    JSON: [b"", b"{", b'{"type":"hel', b"[" * 60_000, b'{"a":' * 10_000, b"nul", b"\x00"],
    MSGPACK: [
        b"",
        b"\x81",
        b"\x91" * 60_000,
        b"\x81\xa1a" * 20_000,
        b"\xdf\xff\xff\xff\xff",  # a map of 2³² - 1 entries
        b"\xdd\xff\xff\xff\xff",  # an array
        b"\xdb\xff\xff\xff\xffx",  # a text
        b"\xc6\xff\xff\xff\xff",  # bytes
        b"\xc1",
    ],
}


async def undecodable(target: Target, token: str, count: int) -> None:
    """Frames that are truncated, deeply nested or claim huge lengths: before `hello` and after it."""

    async def one(device: Peer, rng: random.Random) -> None:
        chosen = rng.choice((JSON, MSGPACK))
        opcode = TEXT if chosen is JSON else BINARY
        assert await device.upgrade(subprotocol=chosen) == 101
        if rng.random() < 0.5:
            hello = {"type": "hello", "token": token}
            await device.write(json_frame(hello) if chosen is JSON else frame(msgpack.packb(hello), BINARY))
            await device.frame()
        await device.write(frame(rng.choice(UNDECODABLE[chosen]), opcode))
        await assert_closed_with(device, 4400)

    await on_connections(target, count, one)


async def large_claims(target: Target, token: str, count: int) -> None:
    async def one(device: Peer, rng: random.Random) -> None:
        assert await device.upgrade() == 101
        await device.write(frame(b"x", rng.choice((TEXT, BINARY)), claim=rng.choice((65_537, 2**32, 2**63 - 1))))
        await assert_closed_with(device, 1009)

    await on_connections(target, count, one)


async def empty_fragments(target: Target, token: str, count: int) -> None:
    flood = frame(b"", TEXT, fin=False) + frame(b"", 0, fin=False) * 50_000

    async def one(device: Peer, rng: random.Random) -> None:
        assert await device.upgrade() == 101
        await device.write_what_it_can(flood)
        await assert_closed_with(device, 4429)

    await on_connections(target, count, one)


async def control_frames(target: Target, token: str, count: int) -> None:
    floods = [frame(b"ping", PING) * 20_000, frame(b"", PONG) * 20_000]

    async def one(device: Peer, rng: random.Random) -> None:
        await device.greet(token)
        await device.write_what_it_can(rng.choice(floods))
        await assert_closed_with(device, 4429)

    await on_connections(target, count, one)


async def large_heads(target: Target, token: str, count: int) -> None:
    async def one(device: Peer, rng: random.Random) -> None:
        head = b"GET /v1/socket HTTP/1.1\r\nHost: b\r\nX: " + b"x" * 65_536
        await device.write_what_it_can(head)
        assert (await device.head())[0] == 431
        await device.rest()

    await on_connections(target, count, one)


async def endless_handshakes(target: Target, token: str, count: int) -> None:
    """One header a second; the server waits for 10 s in all."""

    async def one(device: Peer, rng: random.Random) -> None:
        await device.write(HANDSHAKE)
        reading = asyncio.create_task(device.rest())
        while not reading.done():
            await asyncio.wait([reading], timeout=1)
            try:
                await device.write(b"X: y\r\n")
            except Ended:
                break
        assert await reading == b""

    await on_connections(target, count, one)


async def silent_sockets(target: Target, token: str, count: int) -> None:
    async def one(device: Peer, rng: random.Random) -> None:
        assert await device.upgrade() == 101
        await assert_closed_with(device, 4408)

    await on_connections(target, count, one)


async def silent_connections(target: Target, token: str, count: int) -> None:
    """Connections that send nothing."""

    async def one(device: Peer, rng: random.Random) -> None:
        assert await device.rest() == b""

    await on_connections(target, count, one)


async def long_messages(target: Target, token: str, count: int) -> None:
    """No attack, but long messages as fast as they are answered: the baseline of `never_reading`."""
    senders = await asyncio.to_thread(target.create_users, *(f"sender-{secrets.token_hex(4)}" for _ in range(count)))

    async def write(sender: str) -> None:
        async with peer(target.port) as device:
            await device.greet(sender)
            for id in range(1, 200):
                text = "x" * 10_000
                await device.write(
                    json_frame({"type": "send", "id": id, "to": "mallory", "text": text, "nonce": f"n-{id}"})
                )
                await device.until("sent")

    await asyncio.gather(*(write(sender) for sender in senders))


async def never_reading(target: Target, token: str, count: int) -> None:
    """Slow consumers: messages are sent to them, and they never read. The server queues up to 1 MiB for each."""
    evicted = await asyncio.to_thread(target.metric, "bussa_slow_consumers_closed_total")
    async with contextlib.AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(peer(target.port, buffer=4096)) for _ in range(count)]
        for device in peers:
            await device.greet(token)
        await long_messages(target, token, WRITERS)
        assert await asyncio.to_thread(target.metric, "bussa_slow_consumers_closed_total") >= evicted + count
        close_codes = await asyncio.gather(*(device.close_code() for device in peers))
        assert set(close_codes) <= {4413, None}, close_codes  # None: aborted before the peer began to read


async def unread_syncs(target: Target, token: str, count: int) -> None:
    """They request the whole log repeatedly and never read. The server stops reading from them."""
    everything = json_frame({"type": "hello", "token": token, "resume": 0})
    requests = b"".join(json_frame({"type": "sync", "id": id, "after": 0, "limit": 200}) for id in range(1, 1000))

    async def alone(number: int) -> None:
        async with peer(target.port, buffer=4096) as device:
            assert await device.upgrade() == 101
            await device.write_what_it_can(everything + requests)
            await asyncio.sleep(1)

    await asyncio.gather(*(alone(number) for number in range(count)))


async def resume_and_disconnect(target: Target, token: str, count: int) -> None:
    """Resume from the start of the log, and disconnect."""

    async def one(device: Peer, rng: random.Random) -> None:
        assert await device.upgrade() == 101
        await device.write(json_frame({"type": "hello", "token": token, "resume": 0}))
        await device.frame()
        if rng.random() < 0.5:
            device.reset()

    for _ in range(5):
        await on_connections(target, count // 5, one)


@functools.cache
def _pipelined_requests(kind: str) -> bytes:
    requests: list[bytes] = []
    for id in range(1, 10_001):
        extra = (
            {"to": "target", "text": "flood", "nonce": f"flood-{id}"} if kind == "send" else {"peer": "target", "n": 1}
        )
        requests.append(json_frame({"type": kind, "id": id, **extra}))
    return b"".join(requests)


async def flood_of_requests(target: Target, token: str, count: int) -> None:
    """Ten thousand pipelined requests, no reply read: refused, then closed."""

    async def one(device: Peer, rng: random.Random) -> None:
        await device.greet(token)
        await device.write_what_it_can(_pipelined_requests(rng.choice(("send", "ping", "read", "bad"))))
        await assert_closed_with(device, 4429)

    await on_connections(target, count, one)


async def pipelined_http(target: Target, token: str, count: int) -> None:
    """Endless pipelined HTTP requests with large responses, which are not read."""

    async def alone(number: int) -> None:
        async with peer(target.port, buffer=4096) as device:
            await device.write_what_it_can(b"GET /v1/openapi.json HTTP/1.1\r\nHost: b\r\n\r\n" * 20_000)

    await asyncio.gather(*(alone(number) for number in range(count)))


async def password_guessing(target: Target, token: str, count: int) -> None:
    async with httpx.AsyncClient(base_url=target.url, timeout=30, trust_env=False, limits=NO_KEEPALIVE) as client:

        async def one(number: int) -> int:
            guess = {"user": f"victim-{number % 7}", "password": f"guess-{number}"}
            return (await client.post("/v1/tokens", json=guess)).status_code

        statuses = set(await asyncio.gather(*(one(number) for number in range(count))))
    assert statuses <= {401, 429}, statuses
    assert 429 in statuses


async def large_bodies(target: Target, token: str, count: int) -> None:
    async def one(device: Peer, rng: random.Random) -> None:
        size = rng.choice((65_537, 1_000_000, 2**40))
        await device.write(b"POST /v1/tokens HTTP/1.1\r\nHost: b\r\nContent-Length: %d\r\n\r\n" % size)
        await device.write_what_it_can(bytes(min(size, 300_000)))
        assert (await device.head())[0] == 413
        await device.rest()

    await on_connections(target, count, one)


async def endless_chunks(target: Target, token: str, count: int) -> None:
    async def one(device: Peer, rng: random.Random) -> None:
        await device.write(b"POST /v1/tokens HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n")
        await device.write_what_it_can((b"1000\r\n" + bytes(4096) + b"\r\n") * 50)
        assert (await device.head())[0] == 413
        await device.rest()

    await on_connections(target, count, one)


QUICK: dict[Attack, int] = {
    garbage: 100,
    undecodable: 60,
    large_claims: 50,
    empty_fragments: 20,
    control_frames: 20,
    large_heads: 50,
    long_messages: WRITERS,
    never_reading: 20,
    unread_syncs: 20,
    resume_and_disconnect: 50,
    flood_of_requests: 8,
    pipelined_http: 20,
    password_guessing: 150,
    large_bodies: 50,
    endless_chunks: 30,
}
"""Attacks that end by themselves, with their number of concurrent peers."""

SLOW: dict[Attack, int] = {
    endless_handshakes: 50,
    silent_sockets: 200,
    silent_connections: 5_000,
}
"""Attacks that end at the server's timeout of 10 s."""
