"""The inbox: order above all, whether a frame is carried out at once or waits."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bussa_server.session.inbox import FULL, Inbox
from tests.session.clock import turns


class Taker:
    """Takes every frame at once but the ``slow`` ones; those have a turn of the loop each."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.at_once = 0
        self.slow: set[str] = set()
        self.holds: list[bool] = []
        self.inbox = Inbox(self, self)
        self.ended = asyncio.Event()

    def hold(self, holding: bool) -> None:
        self.holds.append(holding)

    def quick(self, frame: bytes | str) -> bool:
        assert isinstance(frame, str)
        if frame in self.slow:
            return False
        self.taken.append(frame)
        self.at_once += 1
        return True

    async def take(self, frame: bytes | str | None) -> None:
        await asyncio.sleep(0)
        if frame is None:
            self.ended.set()
        else:
            assert isinstance(frame, str)
            self.taken.append(frame)


async def test_while_nothing_is_in_hand_a_frame_is_taken_at_once() -> None:
    taker = Taker()
    taker.inbox.put("a")
    assert taker.taken == ["a"]
    taker.inbox.put(None)
    await taker.ended.wait()


async def test_what_follows_a_frame_that_must_wait_does_not_overtake_it() -> None:
    taker = Taker()
    taker.slow = {"a"}
    for frame in ("a", "b", "c", None):
        taker.inbox.put(frame)
    await taker.ended.wait()
    assert taker.taken == ["a", "b", "c"]
    assert taker.at_once == 0


async def test_a_full_inbox_holds_the_transport_until_it_is_empty() -> None:
    taker = Taker()
    taker.slow = {str(number) for number in range(FULL)}
    for number in range(FULL):
        taker.inbox.put(str(number))
    assert taker.holds == [True]
    taker.inbox.put(None)
    await taker.ended.wait()
    assert taker.holds == [True, False]


async def test_there_is_a_task_only_while_something_waits() -> None:
    taker = Taker()
    taker.slow = {"a"}
    before = len(asyncio.all_tasks())
    taker.inbox.put("a")
    assert len(asyncio.all_tasks()) == before + 1
    await turns(5)
    assert len(asyncio.all_tasks()) == before
    taker.inbox.put("b")
    assert taker.at_once == 1


async def test_after_the_end_nothing_is_taken() -> None:
    taker = Taker()
    taker.slow = {"a"}
    for frame in ("a", "b"):
        taker.inbox.put(frame)
    taker.inbox.end()
    taker.inbox.put("c")
    await turns(5)
    assert taker.taken == []


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=60))
def test_any_mixture_keeps_its_order(script: list[tuple[bool, int]]) -> None:
    async def play() -> None:
        taker = Taker()
        frames = [str(number) for number in range(len(script))]
        taker.slow = {frame for frame, (slow, _) in zip(frames, script, strict=True) if slow}
        for frame, (_, pause) in zip(frames, script, strict=True):
            await turns(pause)
            taker.inbox.put(frame)
        taker.inbox.put(None)
        await taker.ended.wait()
        assert taker.taken == frames

    asyncio.run(play())
