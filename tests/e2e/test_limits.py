"""Limits and invalid requests: each is answered with an error, and the connection stays open."""

import asyncio
import resource
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from bussa_server.transport.tarpit import FAULT_RATE
from bussa_server.tuning import RESERVED_FILES
from tests.e2e.server_process import TIMEOUT, HostApp, Server, fd_table_size
from tests.e2e.session import Session, conversation_texts


async def test_text_has_1_to_10000_characters(session: Session):
    alice, writer, bob, phone = await session.two_users()
    for text in ("x", "x" * 10_000, "😀" * 10_000, "e\u0301" * 5_000):
        assert (await writer.send(bob, text))["type"] == "sent"
        assert (await phone.next_event())["text"] == text
    for text in ("", "x" * 10_001, "😀" * 10_001):
        assert await writer.error_code("send", to=bob, text=text, nonce="n") == "bad_request"
    assert len(await conversation_texts(phone, alice)) == 4


async def test_nonce_has_1_to_64_characters(session: Session):
    _, writer, bob, _ = await session.two_users()
    assert (await writer.send(bob, "a", nonce="x" * 64))["n"] == 1
    assert (await writer.send(bob, "b", nonce="à" * 64))["n"] == 2
    for nonce in ("", "x" * 65, 7, None):
        assert await writer.error_code("send", to=bob, text="c", nonce=nonce) == "bad_request"


@pytest.mark.parametrize("request_", ["history", "conversations", "search", "sync"])
async def test_page_has_1_to_200_entries(session: Session, request_: str):
    _, writer, bob, _ = await session.two_users()
    await writer.send(bob, "word")
    fields: dict[str, Any] = {"history": {"peer": bob}, "search": {"query": "word"}, "sync": {"after": 0}}
    for limit in (1, 200):
        assert (await writer.ok(request_, limit=limit, **fields.get(request_, {})))["type"] == request_
    for limit in (0, 201, -1, 1.5, "10", True):
        assert await writer.error_code(request_, limit=limit, **fields.get(request_, {})) == "bad_request"


@pytest.mark.parametrize("id", [1, 2_147_483_647])
async def test_reply_carries_the_request_id(session: Session, id: int):
    device = await session.connect_unauthenticated()
    await device.handshake({"token": await session.host.token(await session.create_user("alice"))})
    device.next_id = id
    assert (await device.ok("ping"))["id"] == id


@pytest.mark.parametrize("id", [0, -1, 2_147_483_648, 2**64, 1.5, "1", None, True, [], {}])
async def test_invalid_id_is_left_out_of_the_error(session: Session, id: Any):
    if session.codec == "msgpack" and id == 2**64:
        id = 2**64 - 1  # the largest integer of MessagePack
    device = await session.connect(await session.create_user("alice"))
    await device.send_frame({"type": "ping", "id": id})
    error = await device.next_event()
    assert (error["type"], error["code"], "id" in error) == ("error", "bad_request", False)
    assert error["message"]


async def test_bad_request_is_answered_under_its_id(session: Session):
    alice, writer, bob, _ = await session.two_users()
    for type, fields in (
        ("nonsense", {}),
        ("send", {}),
        ("send", {"to": bob, "text": "a"}),
        ("send", {"to": bob, "text": 1, "nonce": "n"}),
        ("send", {"to": bob, "text": "a", "nonce": "n", "reply_to": 0}),
        ("send", {"to": alice, "text": "a", "nonce": "n"}),
        ("history", {"peer": bob, "before": 0}),
        ("history", {"peer": bob, "before": 1.5}),
        ("conversations", {"folder": "spam"}),
        ("conversations", {"before": "not a cursor"}),
        ("search", {"query": "word", "before": "not a cursor"}),
        ("read", {"peer": bob, "n": 0}),
        ("block", {"user": None}),
        ("settings", {"set": {"knocks": "yes"}}),
        ("report", {"peer": bob}),
        ("sync", {"after": -1}),
        ("refresh", {}),
        ("profile", {}),
    ):
        assert await writer.error_code(type, **fields) == "bad_request", (type, fields)
    assert (await writer.ok("ping"))["head"] == 0


async def test_unknown_user_or_conversation_is_not_found(session: Session):
    _, writer, bob, _ = await session.two_users()
    nobody = session.id("nobody")
    for type, fields in (
        ("send", {"to": nobody, "text": "a", "nonce": "n"}),
        ("history", {"peer": bob}),
        ("history", {"peer": nobody}),
        ("read", {"peer": bob, "n": 1}),
        ("block", {"user": nobody}),
        ("mute", {"user": nobody}),
        ("profile", {"user": nobody}),
        ("search", {"query": "a", "peer": nobody}),
    ):
        assert await writer.error_code(type, **fields) == "not_found", (type, fields)


async def test_user_id_format_is_enforced(session: Session):
    _, writer, _, _ = await session.two_users()
    longest = f"{session.id('A_z.0:9-')}-".ljust(64, "x")
    await session.host.put_user(longest, dm_policy="anyone")
    assert (await writer.send(longest, "a"))["peer"] == longest
    for user in ("", "x" * 65, "a b", "città", "a\n", "bob\n", "a/b", 7):
        assert await writer.error_code("profile", user=user) == "bad_request", user
        assert await writer.error_code("send", to=user, text="a", nonce="n") == "bad_request", user


async def test_pages_of_long_texts_are_shorter_and_complete(session: Session):
    alice, writer, bob, phone = await session.two_users()
    sent = [f"{number} " + "à" * 9_990 for number in range(30)]
    for reply in [await writer.submit("send", to=bob, text=text, nonce=text[:3]) for text in sent]:
        await reply
    assert await conversation_texts(phone, alice) == sent
    first = await phone.ok("sync", after=0, limit=200)
    assert first["head"] == 30
    seqs, after = [], 0
    while after < 30:
        page = (await phone.ok("sync", after=after, limit=200))["events"]
        seqs += [event["seq"] for event in page]
        after = seqs[-1]
    assert seqs == list(range(1, 31))


async def test_send_rate_limit_gives_retry_after(rate_limited_session: Session):
    _, writer, bob, phone = await rate_limited_session.two_users()
    ahead = [await writer.submit("send", to=bob, text=str(n), nonce=str(n)) for n in range(210)]
    replies = [await reply for reply in ahead]
    assert [reply["type"] for reply in replies[:200]] == ["sent"] * 200, "the burst must be accepted"
    refused = [reply for reply in replies if reply["type"] == "error"]
    assert refused
    assert all(reply["code"] == "rate_limited" and 0 < reply["retry_after"] <= 1 for reply in refused)
    assert len(await phone.remaining_events()) == 210 - len(refused), "refused messages must not be delivered"
    assert (await writer.ok("ping"))["head"] == 210 - len(refused)


@pytest.fixture
async def rate_limited_session(tmp_path: Path):
    server = Server(tmp_path / "data", "--send-rate", "1")
    await asyncio.to_thread(server.start)
    host = HostApp(server)
    session = Session(server, host, "msgpack", 1)
    yield session
    await session.close()
    await host.close()
    await asyncio.to_thread(server.stop_and_check)


def test_fd_table_is_grown_at_start(server: Server):
    assert fd_table_size(server.pid) >= min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], RESERVED_FILES)


@pytest.mark.parametrize(("options", "proxied"), [((), False), (("--trusted-proxies", "10.0.0.0/8,127.0.0.1"), True)])
def test_faulty_address_is_delayed_unless_it_is_a_proxy(tmp_path: Path, options: tuple[str, ...], proxied: bool):
    """A trusted proxy is never delayed, since the faults are those of its clients."""
    with Server(tmp_path / "data", *options) as server:
        for _ in range(int(FAULT_RATE.burst) + 20):
            with socket.create_connection(("127.0.0.1", server.port), TIMEOUT) as device:
                device.sendall(b"nonsense\r\n\r\n")
                assert device.recv(12) == b"HTTP/1.1 400"
        metrics = httpx.get(f"{server.url}/metrics").text
    [delayed] = [
        line.split()[1] for line in metrics.splitlines() if line.startswith("bussa_connections_throttled_total")
    ]
    assert (float(delayed) == 0) is proxied
