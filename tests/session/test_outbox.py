"""The outbox: one write a turn, in order, bounded in bytes and in age."""

import asyncio

import pytest

from bussa_protocol.limits import OUTBOX_BYTES, OUTBOX_SECONDS
from bussa_server.session.outbox import CHUNK, Outbox
from tests.session.clock import advance, turns
from tests.session.fakes import FakeSocket


class Box:
    def __init__(self) -> None:
        self.socket = FakeSocket()
        self.verdicts: list[str] = []
        self.outbox = Outbox(self.socket, self.verdicts.append)

    async def fill(self) -> None:
        """From now on the peer does not read."""
        self.socket.writable = False
        self.outbox.put(b"last")
        await turns()
        self.socket.writes.clear()


@pytest.fixture
async def box() -> Box:
    return Box()


async def test_a_turn_is_one_write(box: Box) -> None:
    box.outbox.put(b"1")
    box.outbox.put(b"2")
    assert box.socket.writes == []
    await turns(1)
    box.outbox.put(b"3")
    await turns(1)
    assert box.socket.writes == [[b"1", b"2"], [b"3"]]


async def test_what_waits_leaves_in_order_when_the_peer_has_caught_up(box: Box) -> None:
    await box.fill()
    for number in range(5):
        box.outbox.put(b"%d" % number)
        await turns(1)
    assert box.socket.writes == []
    box.socket.resume()
    assert box.socket.writes == [[b"0", b"1", b"2", b"3", b"4"]]


async def test_the_last_byte_that_may_wait(box: Box) -> None:
    await box.fill()
    box.outbox.put(bytes(OUTBOX_BYTES))
    assert box.verdicts == []
    box.outbox.put(b"1")
    box.outbox.put(b"2")
    assert box.verdicts == ["bytes"]
    box.socket.resume()
    assert box.socket.writes == []  # thrown away: the log has it


async def test_a_burst_of_one_turn_is_bounded_too(box: Box) -> None:
    """What a reader that can't take it is sent in one turn must not slip past the bound into the transport."""
    box.socket.writable = False
    for _ in range(40):
        box.outbox.put(bytes(CHUNK))
    assert box.verdicts == ["bytes"]
    assert sum(map(len, box.socket.frames)) == CHUNK


async def test_a_burst_that_the_peer_takes_leaves_whole(box: Box) -> None:
    frames = [b"%d" % number + bytes(CHUNK // 2) for number in range(100)]
    for frame in frames:
        box.outbox.put(frame)
    await turns()
    assert box.socket.frames == frames
    assert box.verdicts == []


async def test_the_oldest_waits_no_longer_than_it_may(box: Box) -> None:
    await box.fill()
    await advance(OUTBOX_SECONDS - 1)
    assert box.verdicts == []
    await advance(2)
    assert box.verdicts == ["age"]


async def test_a_peer_that_catches_up_begins_anew(box: Box) -> None:
    await box.fill()
    await advance(OUTBOX_SECONDS - 1)
    box.socket.resume()
    await advance(OUTBOX_SECONDS)
    await box.fill()
    await advance(OUTBOX_SECONDS - 1)
    assert box.verdicts == []


async def test_drained_waits_for_a_socket_that_takes_more(box: Box) -> None:
    await asyncio.wait_for(box.outbox.drained(), 1)  # nothing waits
    await box.fill()
    waiting = asyncio.create_task(box.outbox.drained())
    await turns()
    assert not waiting.done()
    box.socket.resume()
    await waiting


async def test_drained_waits_for_what_is_put_in_meanwhile(box: Box) -> None:
    await box.fill()
    box.outbox.put(b"more")
    waiting = asyncio.create_task(box.outbox.drained())
    await turns()
    box.socket._resume()  # takes one more write, and is full again
    await turns()
    assert not waiting.done()
    box.socket.resume()
    await waiting


async def test_the_end_lets_go_of_everything(box: Box) -> None:
    await box.fill()
    box.outbox.put(b"never")
    waiting = asyncio.create_task(box.outbox.drained())
    await turns()
    box.outbox.end()
    await waiting
    box.outbox.put(b"nor this")
    box.outbox.flush()
    box.socket.resume()
    await advance(OUTBOX_SECONDS + 1)
    assert (box.socket.writes, box.verdicts, box.outbox.ended) == ([], [], True)


async def test_a_socket_whose_peer_is_gone_is_an_end(box: Box) -> None:
    assert not box.outbox.ended
    box.socket.gone = True
    assert box.outbox.ended


async def test_a_flush_hands_over_now(box: Box) -> None:
    box.outbox.put(b"last words")
    box.outbox.flush()
    assert box.socket.writes == [[b"last words"]]
    await turns()
    assert box.socket.writes == [[b"last words"]]
