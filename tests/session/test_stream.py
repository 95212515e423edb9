"""The stream: each event once and in order, whatever the live ones do."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_server.ports.store import LOG_PAGE, Unavailable
from bussa_server.session.stream import LogTooShortError
from tests.session.clock import turns
from tests.session.logs import Log, Reader, reply, wire


async def live(head: int = 0) -> Reader:
    reader = Reader(Log(head), head)
    await reader.stream.catch_up()
    reader.log.reads = 0
    return reader


async def test_the_next_one_is_sent_and_no_log_is_read() -> None:
    reader = await live(4)
    reader.stream.offer(5, wire(5))
    reader.stream.offer(6, wire(6))
    await reader.settle()
    assert (reader.got, reader.stream.cursor, reader.log.reads) == ([5, 6], 6, 0)


async def test_an_old_one_is_dropped() -> None:
    reader = await live(4)
    for seq in (4, 5, 5, 1):
        reader.stream.offer(seq, wire(seq))
    await reader.settle()
    assert (reader.got, reader.gaps) == ([5], 0)


async def test_a_gap_is_read_from_the_log() -> None:
    reader = await live(4)
    reader.log.head = 8
    reader.stream.offer(8, wire(8))
    await reader.settle()
    assert (reader.got, reader.gaps, reader.stream.live) == ([5, 6, 7, 8], 1, True)


async def test_live_events_that_come_while_a_page_is_read() -> None:
    reader = await live()
    reader.log.head, reader.log.held = 3, []
    reader.stream.offer(3, wire(3))
    await turns()
    reader.log.head = 5  # committed after the read began, and told while it goes on
    reader.stream.offer(4, wire(4))
    reader.stream.offer(5, wire(5))
    reader.log.held[0].set()
    await turns()
    assert reader.got == [1, 2, 3]
    reader.log.held[1].set()
    await reader.settle()
    assert (reader.got, reader.gaps, reader.stream.live) == ([1, 2, 3, 4, 5], 1, True)


async def test_an_event_that_an_empty_page_has_just_missed() -> None:
    """The last of a burst: nothing would come after it and show that it is missing."""
    log = Log(3)
    reader = Reader(log, 3)
    log.held = []
    beginning = asyncio.create_task(reader.stream.catch_up())
    await turns()
    log.head = 4
    reader.stream.offer(4, wire(4))
    log.held[0].set()  # an empty page: it began before the commit
    await turns()
    log.held[1].set()
    await beginning
    await turns()
    assert reader.got == [4]


async def test_an_event_that_came_after_the_first_page_was_read_and_before_it_was_looked_at() -> None:
    reader = Reader(Log(4), 4)
    first = await reader.log.log("", 4, LOG_PAGE)
    reader.log.head = 5
    reader.stream.offer(5, wire(5))
    await reader.stream.catch_up(first)
    await reader.settle()
    assert (reader.got, reader.stream.cursor, reader.stream.live) == ([5], 5, True)


async def test_a_seq_that_no_log_has_is_given_up_after_the_first_page_too() -> None:
    reader = Reader(Log(4), 4)
    first = await reader.log.log("", 4, LOG_PAGE)
    reader.stream.offer(9, wire(9))
    await reader.stream.catch_up(first)
    await reader.settle()
    assert (reader.got, reader.stream.cursor, reader.stream.live) == ([], 4, True)


async def test_a_head_that_is_told_while_a_page_is_read() -> None:
    log = Log(3)
    reader = Reader(log, 3)
    log.held = []
    beginning = asyncio.create_task(reader.stream.catch_up())
    await turns()
    log.head = 4
    reader.stream.must_reach(4)
    log.held[0].set()
    await turns()
    log.held[1].set()
    await beginning
    await turns()
    assert reader.got == [4]


async def test_a_seq_that_no_log_has_is_given_up() -> None:
    reader = await live(3)
    reader.stream.offer(9, wire(9))
    await reader.settle()
    assert (reader.got, reader.stream.live) == ([], True)
    reader.log.head = 4
    reader.stream.offer(4, wire(4))
    await reader.settle()
    assert reader.got == [4]


async def test_a_reply_takes_its_place() -> None:
    reader = await live(2)
    reader.stream.reply(3, reply(3))
    reader.stream.offer(3, wire(3))
    reader.log.head = 6
    reader.stream.reply(6, reply(6))  # 4 and 5 are somewhere on their way
    await reader.settle()
    assert reader.got == [3, 4, 5, 6]
    assert [b"id" in frame for frame in reader.socket.frames] == [True, False, False, True]


async def test_a_reply_of_old_is_said_again() -> None:
    reader = await live(7)
    reader.stream.reply(3, reply(3))
    await reader.settle()
    assert reader.socket.frames == [reply(3)]
    assert reader.stream.cursor == 7


async def test_a_log_that_is_too_short() -> None:
    reader = await live(3)
    reader.log.head, reader.log.tail = 100, 50
    with pytest.raises(LogTooShortError):
        await reader.stream.catch_up()
    assert reader.got == []


async def test_a_store_out_of_reach_leaves_the_stream_as_far_as_it_got() -> None:
    log = Log(20, page=10)
    reader = Reader(log)
    log.held = []
    reader.stream.must_reach(20)
    reading = asyncio.create_task(reader.stream.catch_up())
    await turns()
    log.held[0].set()
    log.broken = True
    with pytest.raises(Unavailable):
        await reading
    assert (reader.stream.cursor, reader.stream.live) == (10, False)
    log.broken, log.held = False, None
    await reader.stream.catch_up()
    await reader.settle()
    assert reader.got == list(range(1, 21))


async def test_pages_are_read_as_fast_as_the_peer_reads_them() -> None:
    log = Log(100, page=10)
    reader = Reader(log)
    reader.socket.writable = False
    reader.stream.must_reach(100)
    reading = asyncio.create_task(reader.stream.catch_up())
    await turns(20)
    assert log.reads == 1
    reader.socket._resume()
    await turns(20)
    assert log.reads == 2
    reader.socket.resume()
    await reading
    assert reader.got == list(range(1, 101))


async def test_nothing_is_read_for_a_peer_that_is_gone() -> None:
    log = Log(1_000_000, page=10)
    reader = Reader(log)
    reader.stream.must_reach(log.head)
    reading = asyncio.create_task(reader.stream.catch_up())
    await turns(20)
    reader.socket.gone = True
    await asyncio.wait_for(reading, 1)
    assert log.reads < 20


async def test_nothing_is_read_for_a_peer_that_was_given_up() -> None:
    log = Log(1_000_000, page=10)
    reader = Reader(log)
    reader.socket.writable = False
    reader.stream.must_reach(log.head)
    reading = asyncio.create_task(reader.stream.catch_up())
    await turns(20)
    reader.outbox.end()
    await asyncio.wait_for(reading, 1)
    assert log.reads == 1


Step = tuple[str, int]

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.integers(1, 4)),
        st.tuples(st.just("hint"), st.integers(-6, 0)),
        st.tuples(st.just("mine"), st.integers(1, 2)),
        st.tuples(st.just("turn"), st.integers(1, 4)),
        st.tuples(st.just("release"), st.just(1)),
        st.tuples(st.just("full"), st.integers(0, 1)),
        st.tuples(st.just("reach"), st.just(0)),
    ),
    max_size=60,
)


@given(steps=STEPS, start=st.integers(0, 5), page=st.integers(1, 4))
async def test_each_seq_once_and_in_order(steps: list[Step], start: int, page: int) -> None:
    """Whatever is lost, doubled or shuffled: once the head is known, the device has each seq exactly once."""
    log = Log(start, page)
    reader = Reader(log, 0)
    log.held = []
    mine: set[int] = set()
    reader._on_gap()  # a stream begins by catching up
    for step, count in steps:
        if step == "commit":
            log.head += count
        elif step == "hint" and log.head + count > 0:
            reader.stream.offer(log.head + count, wire(log.head + count))
        elif step == "mine" and reader.stream.live:
            # While the stream heals no request is under way; `count` - 1 events of others came just before.
            log.head += count
            mine.add(log.head)
            reader.stream.reply(log.head, reply(log.head))
        elif step == "turn":
            await turns(count)
        elif step == "release" and log.held:
            log.held.pop(0).set()
        elif step == "full":
            if count:
                reader.socket.writable = False
            else:
                reader.socket.resume()
        elif step == "reach":
            reader.stream.must_reach(log.head)
    for held in log.held:
        held.set()
    log.held = None
    reader.socket.resume()
    reader.stream.must_reach(log.head)
    await reader.settle()
    assert reader.got == list(range(1, log.head + 1))
    assert {seq for seq, frame in zip(reader.got, reader.socket.frames, strict=True) if b'"id"' in frame} == mine
    assert reader.slow == []
