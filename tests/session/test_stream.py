"""The stream: each event is sent once and in order, whatever happens to live events."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa_server.ports.store import MAX_LOG_PAGE, Unavailable
from bussa_server.session.stream import LogTrimmedError
from tests.session.clock import turns
from tests.session.fake_log import FakeLog, StreamReader, encoded, reply


async def live(head: int = 0) -> StreamReader:
    reader = StreamReader(FakeLog(head), head)
    await reader.stream.catch_up()
    reader.log.reads = 0
    return reader


async def test_next_event_is_sent_without_reading_the_log() -> None:
    reader = await live(4)
    reader.stream.offer(5, encoded(5))
    reader.stream.offer(6, encoded(6))
    await reader.settle()
    assert (reader.received, reader.stream.cursor, reader.log.reads) == ([5, 6], 6, 0)


async def test_old_event_is_dropped() -> None:
    reader = await live(4)
    for seq in (4, 5, 5, 1):
        reader.stream.offer(seq, encoded(seq))
    await reader.settle()
    assert (reader.received, reader.gaps) == ([5], 0)


async def test_gap_is_read_from_the_log() -> None:
    reader = await live(4)
    reader.log.head = 8
    reader.stream.offer(8, encoded(8))
    await reader.settle()
    assert (reader.received, reader.gaps, reader.stream.live) == ([5, 6, 7, 8], 1, True)


async def test_live_events_during_a_page_read_are_sent_once() -> None:
    reader = await live()
    reader.log.head, reader.log.pending_reads = 3, []
    reader.stream.offer(3, encoded(3))
    await turns()
    reader.log.head = 5  # committed after the read began, and offered while it is in progress
    reader.stream.offer(4, encoded(4))
    reader.stream.offer(5, encoded(5))
    reader.log.pending_reads[0].set()
    await turns()
    assert reader.received == [1, 2, 3]
    reader.log.pending_reads[1].set()
    await reader.settle()
    assert (reader.received, reader.gaps, reader.stream.live) == ([1, 2, 3, 4, 5], 1, True)


async def test_event_missed_by_an_empty_page_is_read_again() -> None:
    """The last event of a burst: no later one would show that it is missing."""
    log = FakeLog(3)
    reader = StreamReader(log, 3)
    log.pending_reads = []
    catching_up = asyncio.create_task(reader.stream.catch_up())
    await turns()
    log.head = 4
    reader.stream.offer(4, encoded(4))
    log.pending_reads[0].set()  # an empty page: it began before the commit
    await turns()
    log.pending_reads[1].set()
    await catching_up
    await turns()
    assert reader.received == [4]


async def test_event_offered_after_the_first_page_is_read_again() -> None:
    reader = StreamReader(FakeLog(4), 4)
    first = await reader.log.log("", 4, MAX_LOG_PAGE)
    reader.log.head = 5
    reader.stream.offer(5, encoded(5))
    await reader.stream.catch_up(first)
    await reader.settle()
    assert (reader.received, reader.stream.cursor, reader.stream.live) == ([5], 5, True)


async def test_unknown_seq_is_given_up_after_the_first_page() -> None:
    reader = StreamReader(FakeLog(4), 4)
    first = await reader.log.log("", 4, MAX_LOG_PAGE)
    reader.stream.offer(9, encoded(9))
    await reader.stream.catch_up(first)
    await reader.settle()
    assert (reader.received, reader.stream.cursor, reader.stream.live) == ([], 4, True)


async def test_head_announced_during_a_page_read_is_reached() -> None:
    log = FakeLog(3)
    reader = StreamReader(log, 3)
    log.pending_reads = []
    catching_up = asyncio.create_task(reader.stream.catch_up())
    await turns()
    log.head = 4
    reader.stream.expect_head(4)
    log.pending_reads[0].set()
    await turns()
    log.pending_reads[1].set()
    await catching_up
    await turns()
    assert reader.received == [4]


async def test_unknown_seq_is_given_up() -> None:
    reader = await live(3)
    reader.stream.offer(9, encoded(9))
    await reader.settle()
    assert (reader.received, reader.stream.live) == ([], True)
    reader.log.head = 4
    reader.stream.offer(4, encoded(4))
    await reader.settle()
    assert reader.received == [4]


async def test_reply_takes_the_place_of_its_event() -> None:
    reader = await live(2)
    reader.stream.reply(3, reply(3))
    reader.stream.offer(3, encoded(3))
    reader.log.head = 6
    reader.stream.reply(6, reply(6))  # the events 4 and 5 were not offered
    await reader.settle()
    assert reader.received == [3, 4, 5, 6]
    assert [b"id" in frame for frame in reader.socket.frames] == [True, False, False, True]


async def test_reply_with_an_old_seq_is_sent_again() -> None:
    reader = await live(7)
    reader.stream.reply(3, reply(3))
    await reader.settle()
    assert reader.socket.frames == [reply(3)]
    assert reader.stream.cursor == 7


async def test_trimmed_log_raises() -> None:
    reader = await live(3)
    reader.log.head, reader.log.tail = 100, 50
    with pytest.raises(LogTrimmedError):
        await reader.stream.catch_up()
    assert reader.received == []


async def test_unavailable_store_leaves_the_cursor_where_it_was() -> None:
    log = FakeLog(20, page=10)
    reader = StreamReader(log)
    log.pending_reads = []
    reader.stream.expect_head(20)
    catching_up = asyncio.create_task(reader.stream.catch_up())
    await turns()
    log.pending_reads[0].set()
    log.broken = True
    with pytest.raises(Unavailable):
        await catching_up
    assert (reader.stream.cursor, reader.stream.live) == (10, False)
    log.broken, log.pending_reads = False, None
    await reader.stream.catch_up()
    await reader.settle()
    assert reader.received == list(range(1, 21))


async def test_pages_are_read_at_the_pace_of_the_peer() -> None:
    log = FakeLog(100, page=10)
    reader = StreamReader(log)
    reader.socket.writable = False
    reader.stream.expect_head(100)
    catching_up = asyncio.create_task(reader.stream.catch_up())
    await turns(20)
    assert log.reads == 1
    reader.socket.take_one_more()
    await turns(20)
    assert log.reads == 2
    reader.socket.resume()
    await catching_up
    assert reader.received == list(range(1, 101))


async def test_catch_up_stops_when_the_socket_is_closed() -> None:
    log = FakeLog(1_000_000, page=10)
    reader = StreamReader(log)
    reader.stream.expect_head(log.head)
    catching_up = asyncio.create_task(reader.stream.catch_up())
    await turns(20)
    reader.socket.closed = True
    await asyncio.wait_for(catching_up, 1)
    assert log.reads < 20


async def test_catch_up_stops_when_the_send_queue_ends() -> None:
    log = FakeLog(1_000_000, page=10)
    reader = StreamReader(log)
    reader.socket.writable = False
    reader.stream.expect_head(log.head)
    catching_up = asyncio.create_task(reader.stream.catch_up())
    await turns(20)
    reader.send_queue.end()
    await asyncio.wait_for(catching_up, 1)
    assert log.reads == 1


Step = tuple[str, int]

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.integers(1, 4)),
        st.tuples(st.just("live event"), st.integers(-6, 0)),
        st.tuples(st.just("commit and offer"), st.integers(1, 4)),
        st.tuples(st.just("reply"), st.sampled_from([1, 1, 2])),
        st.tuples(st.just("turn"), st.integers(1, 4)),
        st.tuples(st.just("release"), st.integers(1, 8)),
        st.tuples(st.just("full"), st.integers(0, 1)),
        st.tuples(st.just("expect head"), st.just(0)),
    ),
    min_size=10,  # most lists are short otherwise, and end before the stream is live
    max_size=60,
)


def test_each_seq_is_sent_once_and_in_order() -> None:
    """Whatever is lost, duplicated or reordered: once the head is known, each seq was sent exactly once."""
    cases: Counter[str] = Counter()

    @given(steps=STEPS, start=st.integers(0, 5), page=st.integers(1, 4), live=st.booleans())
    def check(steps: list[Step], start: int, page: int, live: bool) -> None:
        cases.update(asyncio.run(run_steps(steps, start, page, live=live)))

    check()
    assert cases.keys() == {"live event", "gap by event", "reply", "gap by reply", "slow peer"}


async def run_steps(steps: list[Step], start: int, page: int, *, live: bool) -> set[str]:
    """Run the steps and check what was sent. ``live``: begin with a live stream. Returns the cases that came up."""
    cases: set[str] = set()
    log = FakeLog(start, page)
    reader = StreamReader(log, 0)
    log.pending_reads = []
    replied: set[int] = set()
    reader.begin()
    if live:
        steps = [("release", start + 1), *steps]
    for step, count in steps:
        gaps = reader.gaps
        if step == "commit":
            log.head += count
        elif step in ("live event", "commit and offer"):
            if step == "commit and offer":
                log.head += count
                seq = log.head
            else:
                seq = log.head + count
            if seq > 0:
                cases.update({"live event"} if reader.stream.live else ())
                reader.stream.offer(seq, encoded(seq))
                cases.update({"gap by event"} if reader.gaps > gaps else ())
        elif step == "reply" and reader.stream.live:
            # No write is pending while the stream catches up. `count` - 1 events of others were committed before it.
            log.head += count
            replied.add(log.head)
            reader.stream.reply(log.head, reply(log.head))
            cases.add("gap by reply" if reader.gaps > gaps else "reply")
        elif step == "turn":
            await turns(count)
        elif step == "release":
            for _ in range(count):
                await turns(3)
                if log.pending_reads:
                    log.pending_reads.pop(0).set()
            await turns(3)
        elif step == "full":
            if count:
                reader.socket.writable = False
                cases.add("slow peer")
            else:
                reader.socket.resume()
        elif step == "expect head":
            reader.stream.expect_head(log.head)
    for pending in log.pending_reads:
        pending.set()
    log.pending_reads = None
    reader.socket.resume()
    reader.stream.expect_head(log.head)
    await reader.settle()
    assert reader.received == list(range(1, log.head + 1))
    sent_as_reply = {seq for seq, frame in zip(reader.received, reader.socket.frames, strict=True) if b'"id"' in frame}
    assert sent_as_reply == replied
    assert reader.slow == []
    return cases
