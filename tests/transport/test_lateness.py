"""Time limits are the peer's: what it has said in time and this side has not looked at yet is not late."""

import asyncio
from unittest.mock import patch

import pytest

from bussa_protocol.codes import Close
from bussa_server.transport import http, turns
from bussa_server.transport.direct import DirectWebSocket
from bussa_server.transport.http import BoundedHttp
from tests.transport.peer import TEXT, Ended, Peer, frame, peer, say
from tests.transport.served import Served

REQUEST = b"POST /echo HTTP/1.1\r\nHost: b\r\nContent-Length: 4\r\n\r\nciao"
HELLO = say({"type": "hello", "token": "alice"})


class Line:
    """The line, which does not move until it is told to."""

    def __init__(self) -> None:
        self._steps: list[turns.Step] = []
        self._wait = turns.wait
        self._stopped = patch.object(turns, "wait", self._keep)

    def _keep(self, _loop: asyncio.AbstractEventLoop, step: turns.Step) -> None:
        self._steps.append(step)

    def __enter__(self) -> "Line":
        self._stopped.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopped.stop()
        for step in self._steps:
            self._wait(asyncio.get_running_loop(), step)

    async def holds(self) -> None:
        """Wait until somebody stands in it."""
        async with asyncio.timeout(20):
            while not self._steps:  # noqa: ASYNC110 - nobody says when
                await asyncio.sleep(0.001)


def ring(served: Served) -> None:
    """The time of the only connection is over."""
    [known] = served.server.server_state.connections
    if isinstance(known, DirectWebSocket):
        known.unless_heard(lambda: known.close(Close.NO_HELLO, Close.NO_HELLO.reason))
    else:
        assert isinstance(known, BoundedHttp)
        known._cancel_deadline()
        known.due = 0.0
        known._ring()


async def say_late(served: Served, device: Peer, said: bytes) -> None:
    """In time, but it is looked at only when the time is over."""
    with Line() as line:
        await device.write(said)
        await line.holds()
        ring(served)


async def cut(device: Peer) -> bool:
    try:
        return await device.rest() == b""
    except Ended:
        return True


async def test_a_request_that_waited_in_line(ours: Served) -> None:
    async with peer(ours.port) as device:
        await say_late(ours, device, REQUEST)
        assert (await device.head())[0] == 200


async def test_a_head_of_many_slices_that_waited_in_line(ours: Served) -> None:
    async with peer(ours.port) as device:
        await say_late(ours, device, b"GET /late HTTP/1.1\r\nHost: b\r\nX: " + b"x" * 10 * http.SLICE + b"\r\n\r\n")
        assert (await device.head())[0] == 200


@pytest.mark.parametrize("part", [1, len(REQUEST) - 5, len(REQUEST) - 1], ids=["a byte", "a head", "all but a byte"])
async def test_half_a_request_that_waited_in_line(ours: Served, part: int) -> None:
    async with peer(ours.port) as device:
        await say_late(ours, device, REQUEST[:part])
        assert await cut(device)


@pytest.mark.parametrize(
    "said",
    [HELLO, frame(b"", 9) * 50 + HELLO, frame(b'{"type":"hel', TEXT, fin=False) + frame(b'lo","token":"alice"}', 0)],
    ids=["at once", "after as many pings as one turn does not take", "in fragments"],
)
async def test_a_greeting_that_waited_in_line(ours: Served, said: bytes) -> None:
    async with peer(ours.port) as device:
        assert await device.upgrade() == 101
        await say_late(ours, device, said)
        while (said := (await device.frame())[1]) == b"":
            pass  # a pong
        assert b'"welcome"' in said


@pytest.mark.parametrize(
    "said",
    [HELLO[:-1], frame(b"", 9), frame(b"{", TEXT, fin=False)],
    ids=["all but a byte", "a ping", "a fragment"],
)
async def test_half_a_greeting_that_waited_in_line(ours: Served, said: bytes) -> None:
    async with peer(ours.port) as device:
        assert await device.upgrade() == 101
        await say_late(ours, device, said)
        assert await device.farewell() == 4408


async def test_a_late_one_that_leaves_is_forgotten(ours: Served) -> None:
    async with peer(ours.port) as device:
        assert await device.upgrade() == 101
        with Line() as line:
            await device.write(HELLO)
            await line.holds()
            ring(ours)
            device.reset()
            await asyncio.sleep(0)
    await ours.forgotten()
