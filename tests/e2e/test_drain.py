"""SIGTERM during a long run: the server drains, no answered message is lost, and every connection is closed."""

import asyncio
import contextlib
import random
import signal
import sys
from collections.abc import Generator
from types import FrameType
from typing import Any

import pytest

from bussa_server.serving import termination_signals
from tests.e2e.device import CODECS, DisconnectedError, Frame
from tests.e2e.long_run import LongRun
from tests.e2e.server_process import TIMEOUT, HostApp, Server, run_cli
from tests.e2e.session import Session, conversation_texts

MAX_IN_FLIGHT = 1_000
USERS, MESSAGES, RESTARTS = 40, 8_000, 3


async def test_long_run_survives_three_restarts(restartable_server: Server):
    rng = random.Random(2)
    await asyncio.to_thread(restartable_server.start)
    long_run = LongRun(restartable_server, USERS, MESSAGES, rng)

    async def restarts() -> None:
        for moment in sorted(rng.sample(range(MESSAGES // 10, MESSAGES * 8 // 10), RESTARTS)):
            await long_run.wait_until_answered(moment)
            long_run.server_up.clear()
            await asyncio.to_thread(restartable_server.stop)  # checks for exit status 0
            await asyncio.to_thread(restartable_server.start)
            long_run.server_up.set()

    async with asyncio.timeout(120):
        await long_run.create_users()
        await asyncio.gather(restarts(), *(user.run() for user in long_run.users))
        assert long_run.close_codes
        assert set(long_run.close_codes) == {1012}, "every connection must close with 1012"
        await long_run.verify()
    await asyncio.to_thread(restartable_server.stop)
    checked = await asyncio.to_thread(run_cli, "check", "--data", str(restartable_server.folder))
    assert checked.returncode == 0, checked.stdout


async def wait_until_port_closed(server: Server) -> None:
    async with asyncio.timeout(TIMEOUT):
        while True:
            try:
                _, connection = await asyncio.open_connection("127.0.0.1", server.port)
            except ConnectionError:  # refused, or reset while it waited in the accept queue
                return
            connection.close()
            with contextlib.suppress(ConnectionError):
                await connection.wait_closed()


async def test_endless_sender_does_not_delay_shutdown(restartable_server: Server):
    await asyncio.to_thread(restartable_server.start)
    host = HostApp(restartable_server)
    session = Session(restartable_server, host, "msgpack", 1)
    alice, writer, bob, _ = await session.two_users()
    sent: list[asyncio.Future[Frame]] = []
    busy, stopping = asyncio.Event(), asyncio.Event()

    async def flood() -> None:
        while True:
            text = "endless ! " * (900 if stopping.is_set() else 1)
            sent.append(await writer.submit("send", to=bob, text=text, nonce=f"{len(sent)}"))
            if len(sent) > MAX_IN_FLIGHT and not stopping.is_set():
                await sent[-MAX_IN_FLIGHT]
            if len(sent) == 2 * MAX_IN_FLIGHT:
                busy.set()
            await asyncio.sleep(0)  # a send does not always yield, and reading and closing need the loop

    async def stop_later() -> None:
        await busy.wait()
        # From now on it only sends, so that the server closes with a full receive buffer.
        writer.socket.transport.pause_reading()
        stopping.set()
        restartable_server.terminate()
        await wait_until_port_closed(restartable_server)
        writer.socket.transport.resume_reading()
        await asyncio.to_thread(restartable_server.wait)

    results = await asyncio.gather(flood(), stop_later(), return_exceptions=True)
    assert isinstance(results[0], DisconnectedError), results
    assert results[1] is None, results
    assert await writer.wait_closed() == 1012
    answers = [future.result() for future in sent if future.exception() is None]
    assert [answer["n"] for answer in answers] == list(range(1, len(answers) + 1))

    await asyncio.to_thread(restartable_server.start)
    back = await session.connect(bob)
    assert len(await conversation_texts(back, alice)) >= len(answers) >= 1
    await session.close()
    await host.close()


async def test_shutdown_closes_silent_connections_too(restartable_server: Server):
    await asyncio.to_thread(restartable_server.start)
    host = HostApp(restartable_server)
    session = Session(restartable_server, host, "json", 1)
    alice = await session.create_user("alice")
    devices = [await session.connect(alice, codec=CODECS[number % 2]) for number in range(20)]
    unauthenticated = [await session.connect_unauthenticated() for _ in range(5)]
    silent = [await asyncio.open_connection("127.0.0.1", restartable_server.port) for _ in range(5)]
    await asyncio.to_thread(restartable_server.stop)
    assert {await device.wait_closed() for device in [*devices, *unauthenticated]} == {1012}
    for reader, writer in silent:
        assert await reader.read() == b"", "no request had begun, so there is no response"
        writer.close()
    await wait_until_port_closed(restartable_server)
    await asyncio.to_thread(restartable_server.start)
    back = await session.connect(alice, journal=devices[0].journal)
    assert back.welcome["resumed"] is True
    await session.close()
    await host.close()


async def test_repeated_sigterm_is_ignored(restartable_server: Server):
    await asyncio.to_thread(restartable_server.start)
    host = HostApp(restartable_server)
    session = Session(restartable_server, host, "json", 1)
    alice, writer, bob, _ = await session.two_users()
    sent = await writer.send(bob, "ciao")
    async with asyncio.timeout(TIMEOUT):
        await asyncio.to_thread(restartable_server.terminate_repeatedly)
    restartable_server.wait()
    assert await writer.wait_closed() == 1012
    await asyncio.to_thread(restartable_server.start)
    back = await session.connect(bob)
    assert sent["n"] == len(await conversation_texts(back, alice)) == 1
    await session.close()
    await host.close()


@pytest.fixture
def restored_signals() -> Generator[None]:
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)}
    yield
    sys.setprofile(None)  # also if the test failed
    for signum, handler in before.items():
        signal.signal(signum, handler)


@pytest.mark.usefixtures("restored_signals")
async def test_sigterm_is_never_at_its_default_handler():
    received: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    handlers: set[Any] = set()

    def record(frame: FrameType, event: str, arg: object) -> None:
        handlers.add(signal.getsignal(signal.SIGTERM))

    with termination_signals(lambda signum, frame: received.set_result(signum)):
        sys.setprofile(record)
        signal.raise_signal(signal.SIGTERM)
        assert await received == signal.SIGTERM
    signal.raise_signal(signal.SIGTERM)  # once more, after the context has been left
    assert signal.SIG_IGN in handlers
    assert signal.SIG_DFL not in handlers
