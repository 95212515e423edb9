"""The send queue: one write per turn, in order, bounded in bytes and in age."""

import asyncio

import pytest

from bussa_protocol.limits import SEND_QUEUE_BYTES, SEND_QUEUE_SECONDS
from bussa_server.session.send_queue import FLUSH_BYTES, SendQueue
from tests.session.clock import advance, turns
from tests.session.fakes import FakeSocket


class SendQueueHarness:
    def __init__(self) -> None:
        self.socket = FakeSocket()
        self.slow: list[str] = []
        self.send_queue = SendQueue(self.socket, self.slow.append)

    async def stop_reading(self) -> None:
        """Fill the write buffer: from now on frames wait in the queue."""
        self.socket.writable = False
        self.send_queue.put(b"last")
        await turns()
        self.socket.writes.clear()


@pytest.fixture
async def harness() -> SendQueueHarness:
    return SendQueueHarness()


async def test_frames_of_one_loop_turn_leave_in_one_write(harness: SendQueueHarness) -> None:
    harness.send_queue.put(b"1")
    harness.send_queue.put(b"2")
    assert harness.socket.writes == []
    await turns(1)
    harness.send_queue.put(b"3")
    await turns(1)
    assert harness.socket.writes == [[b"1", b"2"], [b"3"]]


async def test_queued_frames_leave_in_order_once_the_peer_catches_up(harness: SendQueueHarness) -> None:
    await harness.stop_reading()
    for number in range(5):
        harness.send_queue.put(b"%d" % number)
        await turns(1)
    assert harness.socket.writes == []
    harness.socket.resume()
    assert harness.socket.writes == [[b"0", b"1", b"2", b"3", b"4"]]


async def test_queue_is_bounded_to_the_byte(harness: SendQueueHarness) -> None:
    await harness.stop_reading()
    harness.send_queue.put(bytes(SEND_QUEUE_BYTES))
    assert harness.slow == []
    harness.send_queue.put(b"1")
    harness.send_queue.put(b"2")
    assert harness.slow == ["bytes"]
    harness.socket.resume()
    assert harness.socket.writes == []  # dropped: the log has the events


async def test_burst_within_one_turn_is_bounded(harness: SendQueueHarness) -> None:
    """A burst to a peer that does not read must not get past the bound into the transport's buffer."""
    harness.socket.writable = False
    for _ in range(40):
        harness.send_queue.put(bytes(FLUSH_BYTES))
    assert harness.slow == ["bytes"]
    assert sum(map(len, harness.socket.frames)) == FLUSH_BYTES


async def test_burst_is_sent_whole_to_a_reading_peer(harness: SendQueueHarness) -> None:
    frames = [b"%d" % number + bytes(FLUSH_BYTES // 2) for number in range(100)]
    for frame in frames:
        harness.send_queue.put(frame)
    await turns()
    assert harness.socket.frames == frames
    assert harness.slow == []


async def test_queue_is_bounded_by_age(harness: SendQueueHarness) -> None:
    await harness.stop_reading()
    await advance(SEND_QUEUE_SECONDS - 1)
    assert harness.slow == []
    await advance(2)
    assert harness.slow == ["age"]


async def test_age_restarts_when_the_peer_catches_up(harness: SendQueueHarness) -> None:
    await harness.stop_reading()
    await advance(SEND_QUEUE_SECONDS - 1)
    harness.socket.resume()
    await advance(SEND_QUEUE_SECONDS)
    await harness.stop_reading()
    await advance(SEND_QUEUE_SECONDS - 1)
    assert harness.slow == []


async def test_drained_waits_for_a_writable_socket(harness: SendQueueHarness) -> None:
    await asyncio.wait_for(harness.send_queue.drained(), 1)  # the queue is empty
    await harness.stop_reading()
    waiting = asyncio.create_task(harness.send_queue.drained())
    await turns()
    assert not waiting.done()
    harness.socket.resume()
    await waiting


async def test_drained_waits_for_frames_added_meanwhile(harness: SendQueueHarness) -> None:
    await harness.stop_reading()
    harness.send_queue.put(b"more")
    waiting = asyncio.create_task(harness.send_queue.drained())
    await turns()
    harness.socket.take_one_more()
    await turns()
    assert not waiting.done()
    harness.socket.resume()
    await waiting


async def test_end_releases_frames_and_waiters(harness: SendQueueHarness) -> None:
    await harness.stop_reading()
    harness.send_queue.put(b"never")
    waiting = asyncio.create_task(harness.send_queue.drained())
    await turns()
    harness.send_queue.end()
    await waiting
    harness.send_queue.put(b"nor this")
    harness.send_queue.flush()
    harness.socket.resume()
    await advance(SEND_QUEUE_SECONDS + 1)
    assert (harness.socket.writes, harness.slow, harness.send_queue.ended) == ([], [], True)


async def test_closed_socket_ends_the_queue(harness: SendQueueHarness) -> None:
    assert not harness.send_queue.ended
    harness.socket.closed = True
    assert harness.send_queue.ended


async def test_flush_writes_immediately(harness: SendQueueHarness) -> None:
    harness.send_queue.put(b"last frame")
    harness.send_queue.flush()
    assert harness.socket.writes == [[b"last frame"]]
    await turns()
    assert harness.socket.writes == [[b"last frame"]]
