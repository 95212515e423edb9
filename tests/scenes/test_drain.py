"""The server is told to end while a town talks: nothing that was answered is lost, and nobody is left waiting."""

import asyncio
import contextlib
import random
import signal
import sys
from collections.abc import Generator
from types import FrameType
from typing import Any

import pytest

from bussa_server.serving import told_to_end
from tests.scenes.device import CODECS, Frame, GoneError
from tests.scenes.play import Play, texts
from tests.scenes.serving import SECONDS, Host, Server, bussa
from tests.scenes.town import Town

AHEAD = 1_000
PEOPLE, MESSAGES, RESTARTS = 40, 8_000, 3


async def test_a_town_talks_on_through_three_restarts(fresh: Server):
    chance = random.Random(2)
    await asyncio.to_thread(fresh.start)
    town = Town(fresh, PEOPLE, MESSAGES, chance)

    async def restarts() -> None:
        for moment in sorted(chance.sample(range(MESSAGES // 10, MESSAGES * 8 // 10), RESTARTS)):
            await town.reach(moment)
            town.up.clear()
            await asyncio.to_thread(fresh.stop)  # which holds it to status 0
            await asyncio.to_thread(fresh.start)
            town.up.set()

    async with asyncio.timeout(120):
        await town.found()
        await asyncio.gather(restarts(), *(talker.run() for talker in town.talkers))
        assert town.farewells
        assert set(town.farewells) == {1012}, "each is told that the server restarts"
        await town.account()
    await asyncio.to_thread(fresh.stop)
    checked = await asyncio.to_thread(bussa, "check", "--data", str(fresh.folder))
    assert checked.returncode == 0, checked.stdout


async def closed_to_newcomers(server: Server) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                _, newcomer = await asyncio.open_connection("127.0.0.1", server.port)
            except ConnectionError:  # refused; or let go with all who waited to be let in
                return
            newcomer.close()
            with contextlib.suppress(ConnectionError):
                await newcomer.wait_closed()


async def test_whoever_never_stops_sending_does_not_hold_the_server_up(fresh: Server):
    await asyncio.to_thread(fresh.start)
    host = Host(fresh)
    play = Play(fresh, host, "msgpack", 1)
    alice, writer, bob, _ = await play.two()
    sent: list[asyncio.Future[Frame]] = []
    busy, stopping = asyncio.Event(), asyncio.Event()

    async def flood() -> None:
        while True:  # there is always something under way
            text = "on and on " * (900 if stopping.is_set() else 1)
            sent.append(await writer.submit("send", to=bob, text=text, nonce=f"{len(sent)}"))
            if len(sent) > AHEAD and not stopping.is_set():
                await sent[-AHEAD]
            if len(sent) == 2 * AHEAD:
                busy.set()
            await asyncio.sleep(0)  # a send does not always yield, and others have to read and to close

    async def stop_later() -> None:
        await busy.wait()
        # From now on it only sends, so that the farewell meets a wall of what the server has not read yet.
        writer.socket.transport.pause_reading()
        stopping.set()
        fresh.terminate()
        await closed_to_newcomers(fresh)
        writer.socket.transport.resume_reading()
        await asyncio.to_thread(fresh.wait)

    results = await asyncio.gather(flood(), stop_later(), return_exceptions=True)
    assert isinstance(results[0], GoneError), results
    assert results[1] is None, results
    assert await writer.closed() == 1012
    answers = [future.result() for future in sent if future.exception() is None]
    assert [answer["n"] for answer in answers] == list(range(1, len(answers) + 1))

    await asyncio.to_thread(fresh.start)
    back = await play.meet(bob)
    assert len(await texts(back, alice)) >= len(answers) >= 1
    await play.end()
    await host.close()


async def test_everybody_is_told_also_who_was_silent(fresh: Server):
    await asyncio.to_thread(fresh.start)
    host = Host(fresh)
    play = Play(fresh, host, "json", 1)
    alice = await play.person("alice")
    devices = [await play.meet(alice, codec=CODECS[number % 2]) for number in range(20)]
    strangers = [await play.stranger() for _ in range(5)]
    wordless = [await asyncio.open_connection("127.0.0.1", fresh.port) for _ in range(5)]
    await asyncio.to_thread(fresh.stop)
    assert {await device.closed() for device in [*devices, *strangers]} == {1012}
    for reader, writer in wordless:
        assert await reader.read() == b"", "nothing of HTTP was begun, so nothing is to be said"
        writer.close()
    await closed_to_newcomers(fresh)
    await asyncio.to_thread(fresh.start)
    back = await play.meet(alice, diary=devices[0].diary)
    assert back.welcome["resumed"] is True
    await play.end()
    await host.close()


async def test_being_told_twice_changes_nothing(fresh: Server):
    await asyncio.to_thread(fresh.start)
    host = Host(fresh)
    play = Play(fresh, host, "json", 1)
    alice, writer, bob, _ = await play.two()
    sent = await writer.send(bob, "ciao")
    async with asyncio.timeout(SECONDS):
        await asyncio.to_thread(fresh.insist)
    fresh.wait()
    assert await writer.closed() == 1012
    await asyncio.to_thread(fresh.start)
    back = await play.meet(bob)
    assert sent["n"] == len(await texts(back, alice)) == 1
    await play.end()
    await host.close()


@pytest.fixture
def own_signals() -> Generator[None]:
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)}
    yield
    sys.setprofile(None)  # whatever came of the test that looks on
    for signum, handler in before.items():
        signal.signal(signum, handler)


@pytest.mark.usefixtures("own_signals")
async def test_at_no_moment_is_there_a_signal_that_kills():
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    found: set[Any] = set()

    def look(frame: FrameType, event: str, arg: object) -> None:
        found.add(signal.getsignal(signal.SIGTERM))

    with told_to_end(lambda signum, frame: told.set_result(signum)):
        sys.setprofile(look)
        signal.raise_signal(signal.SIGTERM)
        assert await told == signal.SIGTERM
    signal.raise_signal(signal.SIGTERM)  # once more, when nobody is there to be told
    assert signal.SIG_IGN in found
    assert signal.SIG_DFL not in found
