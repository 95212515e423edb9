"""The inbox: order above all, whether a frame is carried out at once or waits."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from server.session.inbox import FULL, Inbox
from tests.session.clock import turns


class Taker:
    """Takes every frame at once while ``quick``; a task takes the others, with a turn of the loop for each."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.at_once = 0
        self.slow: set[str] = set()
        self.holds: list[bool] = []
        self.inbox = Inbox(self.holds.append)
        self.inbox.quick = self.quick
        self.task = asyncio.get_running_loop().create_task(self.work())

    def quick(self, frame: bytes | str) -> bool:
        assert isinstance(frame, str)
        if frame in self.slow:
            return False
        self.taken.append(frame)
        self.at_once += 1
        return True

    async def work(self) -> None:
        while (frame := await self.inbox.get()) is not None:
            await asyncio.sleep(0)
            assert isinstance(frame, str)
            self.taken.append(frame)


async def test_while_the_task_sleeps_a_frame_is_taken_at_once() -> None:
    taker = Taker()
    await turns(2)
    taker.inbox.put("a")
    assert taker.taken == ["a"]
    taker.inbox.put(None)
    await taker.task


async def test_what_follows_a_frame_that_must_wait_does_not_overtake_it() -> None:
    taker = Taker()
    taker.slow = {"a"}
    await turns(2)
    for frame in ("a", "b", "c", None):
        taker.inbox.put(frame)
    await taker.task
    assert taker.taken == ["a", "b", "c"]
    assert taker.at_once == 0


async def test_a_full_inbox_holds_the_transport_until_it_is_empty() -> None:
    taker = Taker()
    taker.slow = {str(number) for number in range(FULL)}
    await turns(2)
    for number in range(FULL):
        taker.inbox.put(str(number))
    assert taker.holds == [True]
    taker.inbox.put(None)
    await taker.task
    assert taker.holds == [True, False]


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
        await taker.task
        assert taker.taken == frames

    asyncio.run(play())
