"""Time limits are the peer's: what it has said in time and this side has not looked at yet is not late."""

import asyncio
from unittest.mock import patch

import pytest

from bussa_protocol.codes import CloseReason
from bussa_server.transport import fair_queue, http
from bussa_server.transport.http import BoundedHttp
from bussa_server.transport.websocket_protocol import WebSocketProtocol
from tests.transport.peer import TEXT, Ended, Peer, frame, json_frame, peer
from tests.transport.running_server import RunningServer

REQUEST = b"POST /echo HTTP/1.1\r\nHost: b\r\nContent-Length: 4\r\n\r\nciao"
HELLO = json_frame({"type": "hello", "token": "alice"})


class HeldQueue:
    """The line, which does not move until it is told to."""

    def __init__(self) -> None:
        self._steps: list[fair_queue.Step] = []
        self._wait = fair_queue.schedule
        self._stopped = patch.object(fair_queue, "schedule", self._keep)

    def _keep(self, _loop: asyncio.AbstractEventLoop, step: fair_queue.Step) -> None:
        self._steps.append(step)

    def __enter__(self) -> "HeldQueue":
        self._stopped.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopped.stop()
        for step in self._steps:
            self._wait(asyncio.get_running_loop(), step)

    async def wait_for_step(self) -> None:
        """Wait until somebody stands in it."""
        async with asyncio.timeout(20):
            while not self._steps:  # noqa: ASYNC110 - nobody says when
                await asyncio.sleep(0.001)


def expire_deadline(server: RunningServer) -> None:
    """The time of the only connection is over."""
    [known] = server.uvicorn.server_state.connections
    if isinstance(known, WebSocketProtocol):
        known.on_hello_timeout(lambda: known.close(CloseReason.HELLO_TIMEOUT, CloseReason.HELLO_TIMEOUT.reason))
    else:
        assert isinstance(known, BoundedHttp)
        known._cancel_request_timer()
        known.due = 0.0
        known._on_request_timeout()


async def send_late(server: RunningServer, device: Peer, said: bytes) -> None:
    """In time, but it is looked at only when the time is over."""
    with HeldQueue() as line:
        await device.write(said)
        await line.wait_for_step()
        expire_deadline(server)


async def is_cut_off(device: Peer) -> bool:
    try:
        return await device.rest() == b""
    except Ended:
        return True


async def test_complete_request_in_the_queue_is_not_late(server: RunningServer) -> None:
    async with peer(server.port) as device:
        await send_late(server, device, REQUEST)
        assert (await device.head())[0] == 200


async def test_headers_of_many_slices_in_the_queue_are_not_late(server: RunningServer) -> None:
    async with peer(server.port) as device:
        await send_late(
            server, device, b"GET /late HTTP/1.1\r\nHost: b\r\nX: " + b"x" * 10 * http.SLICE_BYTES + b"\r\n\r\n"
        )
        assert (await device.head())[0] == 200


@pytest.mark.parametrize("part", [1, len(REQUEST) - 5, len(REQUEST) - 1], ids=["a byte", "a head", "all but a byte"])
async def test_partial_request_in_the_queue_is_late(server: RunningServer, part: int) -> None:
    async with peer(server.port) as device:
        await send_late(server, device, REQUEST[:part])
        assert await is_cut_off(device)


@pytest.mark.parametrize(
    "said",
    [HELLO, frame(b"", 9) * 50 + HELLO, frame(b'{"type":"hel', TEXT, fin=False) + frame(b'lo","token":"alice"}', 0)],
    ids=["at once", "after as many pings as one turn does not take", "in fragments"],
)
async def test_hello_in_the_queue_is_not_late(server: RunningServer, said: bytes) -> None:
    async with peer(server.port) as device:
        assert await device.upgrade() == 101
        await send_late(server, device, said)
        while (said := (await device.frame())[1]) == b"":
            pass  # a pong
        assert b'"welcome"' in said


@pytest.mark.parametrize(
    "said",
    [HELLO[:-1], frame(b"", 9), frame(b"{", TEXT, fin=False)],
    ids=["all but a byte", "a ping", "a fragment"],
)
async def test_partial_hello_in_the_queue_is_late(server: RunningServer, said: bytes) -> None:
    async with peer(server.port) as device:
        assert await device.upgrade() == 101
        await send_late(server, device, said)
        assert await device.close_code() == 4408


async def test_late_connection_that_resets_leaves_nothing(server: RunningServer) -> None:
    async with peer(server.port) as device:
        assert await device.upgrade() == 101
        with HeldQueue() as line:
            await device.write(HELLO)
            await line.wait_for_step()
            expire_deadline(server)
            device.reset()
            await asyncio.sleep(0)
    await server.wait_disconnected()
