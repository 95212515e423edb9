"""Somebody comes to the door of the server: the handshake, ``hello``, and every way to be sent away."""

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as quiet_socket
from websockets.typing import Origin, Subprotocol

from tests.scenes.device import CODECS, decode, encode
from tests.scenes.play import Play
from tests.scenes.serving import SECONDS, Server, sign


@pytest.fixture(scope="module", autouse=True)
def silence(standing: Server) -> Iterator[list[Future[tuple[int | None, float]]]]:
    """Two who say nothing, from the first of these plays to the last: nobody has to wait for them."""

    def say_nothing(codec: str) -> tuple[int | None, float]:
        with quiet_socket(standing.socket_url, subprotocols=[Subprotocol(f"bussa.v1.{codec}")]) as socket:
            began = time.monotonic()
            with contextlib.suppress(ConnectionClosed):
                socket.recv(SECONDS)
            return socket.close_code, time.monotonic() - began

    with ThreadPoolExecutor(len(CODECS)) as pool:
        yield [pool.submit(say_nothing, codec) for codec in CODECS]


async def test_alice_says_hello_and_is_welcome(play: Play):
    alice = await play.person("alice")
    welcome = (await play.meet(alice)).welcome
    assert welcome["user"] == alice
    assert welcome["head"] == 0
    assert welcome["resumed"] is False
    assert isinstance(welcome["epoch"], str)
    assert welcome["epoch"]
    assert 1_700_000_000_000 < welcome["now"] < 10_000_000_000_000
    assert welcome["limits"] == {"frame": 65536, "text": 10000}


async def test_alice_shows_her_token_in_the_handshake(play: Play):
    alice = await play.person("alice")
    device = await play.stranger({"Authorization": f"Bearer {sign(alice)}"})
    assert (await device.greet({}))["user"] == alice


async def test_a_token_of_the_server_itself_counts_too(play: Play):
    alice = await play.person("alice")
    device = await play.stranger()
    assert (await device.greet({"token": await play.host.token(alice, ttl=60)}))["user"] == alice


async def test_a_field_that_nobody_knows_yet_is_passed_over(play: Play):
    alice = await play.person("alice")
    device = await play.stranger()
    await device.greet({"token": sign(alice), "mood": "sunny"})
    assert (await device.ok("ping", mood="sunny"))["head"] == 0


async def farewell(play: Play, first: str | bytes) -> int | None:
    device = await play.stranger()
    await device.say(first)
    return await device.closed()


async def test_a_refused_token_is_4401(play: Play):
    alice = await play.person("alice")
    expired, forged, nobodys = sign(alice, seconds=-1), sign(alice, secret="another"), sign(play.id("nobody"))
    for token in (expired, forged, nobodys, "no token at all"):
        assert await farewell(play, encode(play.codec, {"type": "hello", "token": token})) == 4401
    assert await farewell(play, encode(play.codec, {"type": "hello"})) == 4401


async def test_what_is_no_hello_is_4400(play: Play):
    for frame in ({"type": "ping", "id": 1}, {"type": "typing", "peer": "bob"}, {"type": "dance"}):
        assert await farewell(play, encode(play.codec, frame)) == 4400
    garbage = "{" if play.codec == "json" else b"\xc1"
    assert await farewell(play, garbage) == 4400


async def test_the_other_kind_of_frame_is_1003(play: Play):
    alice = await play.person("alice")
    other = b"{}" if play.codec == "json" else "{}"
    assert await farewell(play, other) == 1003
    device = await play.meet(alice)
    await device.say(other)
    assert await device.closed() == 1003


async def test_bytes_that_do_not_decode_are_4400_at_any_time(play: Play):
    device = await play.meet(await play.person("alice"))
    await device.say("nonsense" if play.codec == "json" else b"\xc1")
    assert await device.closed() == 4400


async def test_a_frame_may_have_64_kib_and_no_more(play: Play):
    def padding(size: int) -> str:
        frame = encode(play.codec, {"type": "ping", "id": 1, "padding": "x" * 60_000})
        return "x" * (60_000 + size - len(frame))

    device = await play.meet(await play.person("alice"))
    assert (await device.ok("ping", padding=padding(65_536)))["head"] == 0
    other = await play.meet(await play.person("bob"))
    await other.submit("ping", padding=padding(65_537))
    assert await other.closed() == 1009


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["bussa.v1.json", "bussa.v1.msgpack"], "bussa.v1.json"),
        (["bussa.v1.msgpack", "bussa.v1.json"], "bussa.v1.msgpack"),
        (["chat", "bussa.v9.json", "bussa.v1.msgpack", "bussa.v1.json"], "bussa.v1.msgpack"),
        (None, None),
    ],
)
async def test_the_first_known_subprotocol_is_chosen(
    standing: Server, offered: list[Subprotocol] | None, chosen: str | None
):
    async with open_socket(standing.socket_url, subprotocols=offered) as socket:
        assert socket.subprotocol == chosen
        codec = "msgpack" if chosen == "bussa.v1.msgpack" else "json"
        await socket.send(encode(codec, {"type": "hello", "token": "?"}))
        await socket.wait_closed()
        assert socket.close_code == 4401, "it was read as what was chosen"


async def test_only_unknown_subprotocols_are_400(standing: Server):
    with pytest.raises(InvalidStatus) as refusal:
        await open_socket(standing.socket_url, subprotocols=[Subprotocol("chat"), Subprotocol("bussa.v2.json")])
    assert refusal.value.response.status_code == 400


async def test_pages_of_other_origins_are_403(standing: Server):
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{standing.port + 1}"):
        with pytest.raises(InvalidStatus) as refusal:
            await open_socket(standing.socket_url, origin=Origin(origin))
        assert refusal.value.response.status_code == 403
    async with open_socket(standing.socket_url, origin=Origin(standing.url)) as socket:
        await socket.send(encode("json", {"type": "hello", "token": "?"}))
        await socket.wait_closed()


async def test_hello_is_said_once(play: Play):
    alice = await play.person("alice")
    device = await play.meet(alice)
    await device.say({"type": "hello", "token": sign(alice)})
    error = await device.next()
    assert error["type"] == "error"
    assert error["code"] == "bad_request"
    assert "id" not in error
    assert (await device.ok("ping"))["head"] == 0


async def test_both_codecs_carry_the_same_maps(play: Play):
    alice, writer, bob, reader = await play.two()
    other = await play.meet(bob, codec="json" if play.codec == "msgpack" else "msgpack")
    await writer.send(bob, "città, 😀, \u0000")
    assert await reader.next() == await other.next()
    assert (await reader.ok("history", peer=alice))["messages"] == (await other.ok("history", peer=alice))["messages"]


def test_our_own_codecs_agree():
    frame = {"type": "hello", "resume": 2**53 - 1, "text": "😀"}
    assert decode("json", encode("json", frame)) == decode("msgpack", encode("msgpack", frame)) == frame


def test_whoever_says_nothing_is_sent_away_after_ten_seconds(silence: list[Future[tuple[int | None, float]]]):
    for end in silence:
        code, seconds = end.result(SECONDS)
        assert code == 4408
        assert seconds > 9, "within 10 s it may still come"
