"""The WebSocket handshake and ``hello``: authentication, negotiation, and every way to be refused."""

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as open_sync_socket
from websockets.typing import Origin, Subprotocol

from tests.e2e.device import CODECS, decode, encode
from tests.e2e.server_process import TIMEOUT, Server, sign_token
from tests.e2e.session import Session


@pytest.fixture(scope="module", autouse=True)
def silent_connections(server: Server) -> Iterator[list[Future[tuple[int | None, float]]]]:
    """Two silent connections that are open while the other tests of this file run, so that no test waits 10 s."""

    def stay_silent(codec: str) -> tuple[int | None, float]:
        with open_sync_socket(server.socket_url, subprotocols=[Subprotocol(f"bussa.v1.{codec}")]) as socket:
            started = time.monotonic()
            with contextlib.suppress(ConnectionClosed):
                socket.recv(TIMEOUT)
            return socket.close_code, time.monotonic() - started

    with ThreadPoolExecutor(len(CODECS)) as pool:
        yield [pool.submit(stay_silent, codec) for codec in CODECS]


async def test_hello_is_answered_with_welcome(session: Session):
    alice = await session.create_user("alice")
    welcome = (await session.connect(alice)).welcome
    assert welcome["user"] == alice
    assert welcome["head"] == 0
    assert welcome["resumed"] is False
    assert isinstance(welcome["epoch"], str)
    assert welcome["epoch"]
    assert 1_700_000_000_000 < welcome["now"] < 10_000_000_000_000
    assert welcome["limits"] == {"frame": 65536, "text": 10000}


async def test_authorization_header_authenticates(session: Session):
    alice = await session.create_user("alice")
    device = await session.connect_unauthenticated({"Authorization": f"Bearer {sign_token(alice)}"})
    assert (await device.handshake({}))["user"] == alice


async def test_server_issued_token_authenticates(session: Session):
    alice = await session.create_user("alice")
    device = await session.connect_unauthenticated()
    assert (await device.handshake({"token": await session.host.token(alice, ttl=60)}))["user"] == alice


async def test_unknown_fields_are_ignored(session: Session):
    alice = await session.create_user("alice")
    device = await session.connect_unauthenticated()
    await device.handshake({"token": sign_token(alice), "mood": "sunny"})
    assert (await device.ok("ping", mood="sunny"))["head"] == 0


async def close_code_after(session: Session, first: str | bytes) -> int | None:
    device = await session.connect_unauthenticated()
    await device.send_frame(first)
    return await device.wait_closed()


async def test_invalid_token_closes_with_4401(session: Session):
    alice = await session.create_user("alice")
    expired, forged, unknown_user = (
        sign_token(alice, seconds=-1),
        sign_token(alice, secret="another"),
        sign_token(session.id("nobody")),
    )
    for token in (expired, forged, unknown_user, "no token at all"):
        assert await close_code_after(session, encode(session.codec, {"type": "hello", "token": token})) == 4401
    assert await close_code_after(session, encode(session.codec, {"type": "hello"})) == 4401


async def test_first_frame_not_hello_closes_with_4400(session: Session):
    for frame in ({"type": "ping", "id": 1}, {"type": "typing", "peer": "bob"}, {"type": "nonsense"}):
        assert await close_code_after(session, encode(session.codec, frame)) == 4400
    garbage = "{" if session.codec == "json" else b"\xc1"
    assert await close_code_after(session, garbage) == 4400


async def test_wrong_frame_type_closes_with_1003(session: Session):
    alice = await session.create_user("alice")
    other = b"{}" if session.codec == "json" else "{}"
    assert await close_code_after(session, other) == 1003
    device = await session.connect(alice)
    await device.send_frame(other)
    assert await device.wait_closed() == 1003


async def test_undecodable_frame_closes_with_4400(session: Session):
    device = await session.connect(await session.create_user("alice"))
    await device.send_frame("nonsense" if session.codec == "json" else b"\xc1")
    assert await device.wait_closed() == 4400


async def test_frame_over_64_kib_closes_with_1009(session: Session):
    def padding(size: int) -> str:
        frame = encode(session.codec, {"type": "ping", "id": 1, "padding": "x" * 60_000})
        return "x" * (60_000 + size - len(frame))

    device = await session.connect(await session.create_user("alice"))
    assert (await device.ok("ping", padding=padding(65_536)))["head"] == 0
    other = await session.connect(await session.create_user("bob"))
    await other.submit("ping", padding=padding(65_537))
    assert await other.wait_closed() == 1009


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["bussa.v1.json", "bussa.v1.msgpack"], "bussa.v1.json"),
        (["bussa.v1.msgpack", "bussa.v1.json"], "bussa.v1.msgpack"),
        (["chat", "bussa.v9.json", "bussa.v1.msgpack", "bussa.v1.json"], "bussa.v1.msgpack"),
        (None, None),
    ],
)
async def test_first_known_subprotocol_is_chosen(server: Server, offered: list[Subprotocol] | None, chosen: str | None):
    async with open_socket(server.socket_url, subprotocols=offered) as socket:
        assert socket.subprotocol == chosen
        codec = "msgpack" if chosen == "bussa.v1.msgpack" else "json"
        await socket.send(encode(codec, {"type": "hello", "token": "?"}))
        await socket.wait_closed()
        assert socket.close_code == 4401, "hello must be decoded by the chosen codec"


async def test_unknown_subprotocols_are_refused_with_400(server: Server):
    with pytest.raises(InvalidStatus) as refusal:
        await open_socket(server.socket_url, subprotocols=[Subprotocol("chat"), Subprotocol("bussa.v2.json")])
    assert refusal.value.response.status_code == 400


async def test_other_origins_are_refused_with_403(server: Server):
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{server.port + 1}"):
        with pytest.raises(InvalidStatus) as refusal:
            await open_socket(server.socket_url, origin=Origin(origin))
        assert refusal.value.response.status_code == 403
    async with open_socket(server.socket_url, origin=Origin(server.url)) as socket:
        await socket.send(encode("json", {"type": "hello", "token": "?"}))
        await socket.wait_closed()


async def test_second_hello_is_refused(session: Session):
    alice = await session.create_user("alice")
    device = await session.connect(alice)
    await device.send_frame({"type": "hello", "token": sign_token(alice)})
    error = await device.next_event()
    assert error["type"] == "error"
    assert error["code"] == "bad_request"
    assert "id" not in error
    assert (await device.ok("ping"))["head"] == 0


async def test_codecs_carry_the_same_events(session: Session):
    alice, writer, bob, reader = await session.two_users()
    other = await session.connect(bob, codec="json" if session.codec == "msgpack" else "msgpack")
    await writer.send(bob, "città, 😀, \u0000")
    assert await reader.next_event() == await other.next_event()
    assert (await reader.ok("history", peer=alice))["messages"] == (await other.ok("history", peer=alice))["messages"]


def test_harness_codecs_agree():
    frame = {"type": "hello", "resume": 2**53 - 1, "text": "😀"}
    assert decode("json", encode("json", frame)) == decode("msgpack", encode("msgpack", frame)) == frame


def test_silent_connection_closes_with_4408_after_ten_seconds(
    silent_connections: list[Future[tuple[int | None, float]]],
):
    for end in silent_connections:
        code, seconds = end.result(TIMEOUT)
        assert code == 4408
        assert seconds > 9, "hello may arrive within 10 s"
