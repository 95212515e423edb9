"""A deadline is the peer's: what has arrived in time and is still queued here is not late."""

import asyncio
import socket
import time
from unittest.mock import patch

import pytest

from bussa_protocol.codes import CloseReason
from bussa_server.transport import fair_queue, http, idle_connection
from tests.transport.peer import TEXT, Ended, Peer, frame, json_frame, peer
from tests.transport.running_server import RunningServer, serving

REQUEST = b"POST /echo HTTP/1.1\r\nHost: b\r\nContent-Length: 4\r\n\r\nciao"
HELLO = json_frame({"type": "hello", "token": "alice"})


REQUEST_SECONDS = 0.5


@pytest.fixture
def short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (http, idle_connection):
        monkeypatch.setattr(module, "REQUEST_SECONDS", REQUEST_SECONDS)


class HeldQueue:
    """A fair queue that does not run its steps until the end of the block."""

    def __init__(self) -> None:
        self._steps: list[fair_queue.Step] = []
        self._schedule = fair_queue.schedule
        self._stopped = patch.object(fair_queue, "schedule", self._keep)

    def _keep(self, _loop: asyncio.AbstractEventLoop, step: fair_queue.Step) -> None:
        self._steps.append(step)

    def __enter__(self) -> "HeldQueue":
        self._stopped.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopped.stop()
        for step in self._steps:
            self._schedule(asyncio.get_running_loop(), step)

    async def wait_for_step(self) -> None:
        """Wait until there is a step."""
        async with asyncio.timeout(20):
            while not self._steps:  # noqa: ASYNC110 - nothing signals it
                await asyncio.sleep(0.001)


def expire_hello(server: RunningServer) -> None:
    """The only connection has reached its deadline."""
    socket = server.socket
    socket.on_hello_timeout(lambda: socket.close(CloseReason.HELLO_TIMEOUT, CloseReason.HELLO_TIMEOUT.reason))


async def request_held_past_its_deadline(device: Peer, data: bytes) -> None:
    with HeldQueue() as queue:
        await device.write(data)
        await queue.wait_for_step()
        await asyncio.sleep(REQUEST_SECONDS + 0.1)


async def frames_held_past_the_deadline(server: RunningServer, device: Peer, data: bytes) -> None:
    assert await device.upgrade() == 101
    with HeldQueue() as queue:
        await device.write(data)
        await queue.wait_for_step()
        expire_hello(server)


async def is_cut_off(device: Peer) -> bool:
    try:
        return await device.rest() == b""
    except Ended:
        return True


@pytest.mark.usefixtures("short_deadline")
async def test_complete_request_in_the_queue_is_not_late(server: RunningServer) -> None:
    async with peer(server.port) as device:
        await request_held_past_its_deadline(device, REQUEST)
        assert (await device.head())[0] == 200


@pytest.mark.usefixtures("short_deadline")
async def test_headers_of_many_slices_in_the_queue_are_not_late(server: RunningServer) -> None:
    async with peer(server.port) as device:
        headers = b"X: " + b"x" * 10 * http.SLICE_BYTES
        await request_held_past_its_deadline(device, b"GET /late HTTP/1.1\r\nHost: b\r\n" + headers + b"\r\n\r\n")
        assert (await device.head())[0] == 200


@pytest.mark.parametrize("part", [1, len(REQUEST) - 5, len(REQUEST) - 1], ids=["a byte", "a head", "all but a byte"])
@pytest.mark.usefixtures("short_deadline")
async def test_partial_request_in_the_queue_is_late(server: RunningServer, part: int) -> None:
    async with peer(server.port) as device:
        await request_held_past_its_deadline(device, REQUEST[:part])
        assert await is_cut_off(device)


async def test_request_in_the_queue_outlives_keep_alive() -> None:
    async with serving(timeout_keep_alive=0.2) as server, peer(server.port) as device:
        await device.write(REQUEST)
        assert await device.response() == (200, b"ciao")
        with HeldQueue() as queue:
            await device.write(REQUEST)
            await queue.wait_for_step()
            await asyncio.sleep(0.3)
        assert await device.response() == (200, b"ciao")


async def test_request_that_arrives_while_the_loop_stalls_outlives_keep_alive() -> None:
    loop = asyncio.get_running_loop()
    async with serving(timeout_keep_alive=0.2) as server, peer(server.port) as device:
        await device.write(REQUEST)
        assert await device.response() == (200, b"ciao")
        near, far = socket.socketpair()

        def stall() -> None:
            """The request lies in the kernel when the timer is due. A reader's callback, for timers come after it."""
            loop.remove_reader(near)
            device.write_now(REQUEST)
            time.sleep(0.3)

        with near, far:
            loop.add_reader(near, stall)
            far.send(b"now")
            assert await device.response() == (200, b"ciao")


@pytest.mark.parametrize(
    "data",
    [HELLO, frame(b"", 9) * 50 + HELLO, frame(b'{"type":"hel', TEXT, fin=False) + frame(b'lo","token":"alice"}', 0)],
    ids=["at once", "after as many pings as one turn does not take", "in fragments"],
)
async def test_hello_in_the_queue_is_not_late(server: RunningServer, data: bytes) -> None:
    async with peer(server.port) as device:
        await frames_held_past_the_deadline(server, device, data)
        while (payload := (await device.frame())[1]) == b"":
            pass  # a pong
        assert b'"welcome"' in payload


@pytest.mark.parametrize(
    "data",
    [HELLO[:-1], frame(b"", 9), frame(b"{", TEXT, fin=False)],
    ids=["all but a byte", "a ping", "a fragment"],
)
async def test_partial_hello_in_the_queue_is_late(server: RunningServer, data: bytes) -> None:
    async with peer(server.port) as device:
        await frames_held_past_the_deadline(server, device, data)
        assert await device.close_code() == 4408


async def test_late_connection_that_resets_leaves_nothing(server: RunningServer) -> None:
    async with peer(server.port) as device:
        assert await device.upgrade() == 101
        with HeldQueue() as queue:
            await device.write(HELLO)
            await queue.wait_for_step()
            expire_hello(server)
            device.reset()
            await asyncio.sleep(0)
    await server.wait_disconnected()
