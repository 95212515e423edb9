"""The inbox: order above all, whether a frame is carried out at once or waits."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bussa_server.session.receive_queue import HIGH_WATER_FRAMES, ReceiveQueue
from tests.session.clock import turns


class FakeHandler:
    """Takes every frame at once but the ``slow`` ones; those have a turn of the loop each."""

    def __init__(self) -> None:
        self.handled: list[str] = []
        self.handled_now = 0
        self.slow: set[str] = set()
        self.pauses: list[bool] = []
        self.queue = ReceiveQueue(self, self)
        self.ended = asyncio.Event()

    def pause_reading(self) -> None:
        self.pauses.append(True)

    def resume_reading(self) -> None:
        self.pauses.append(False)

    def handle_now(self, frame: bytes | str) -> bool:
        assert isinstance(frame, str)
        if frame in self.slow:
            return False
        self.handled.append(frame)
        self.handled_now += 1
        return True

    async def handle(self, frame: bytes | str | None) -> None:
        await asyncio.sleep(0)
        if frame is None:
            self.ended.set()
        else:
            assert isinstance(frame, str)
            self.handled.append(frame)


async def test_frame_on_an_idle_queue_is_handled_immediately() -> None:
    taker = FakeHandler()
    taker.queue.put("a")
    assert taker.handled == ["a"]
    taker.queue.put(None)
    await taker.ended.wait()


async def test_frames_do_not_overtake_a_waiting_frame() -> None:
    taker = FakeHandler()
    taker.slow = {"a"}
    for frame in ("a", "b", "c", None):
        taker.queue.put(frame)
    await taker.ended.wait()
    assert taker.handled == ["a", "b", "c"]
    assert taker.handled_now == 0


async def test_full_queue_pauses_reading_until_empty() -> None:
    taker = FakeHandler()
    taker.slow = {str(number) for number in range(HIGH_WATER_FRAMES)}
    for number in range(HIGH_WATER_FRAMES):
        taker.queue.put(str(number))
    assert taker.pauses == [True]
    taker.queue.put(None)
    await taker.ended.wait()
    assert taker.pauses == [True, False]


async def test_task_exists_only_while_frames_wait() -> None:
    taker = FakeHandler()
    taker.slow = {"a"}
    before = len(asyncio.all_tasks())
    taker.queue.put("a")
    assert len(asyncio.all_tasks()) == before + 1
    await turns(5)
    assert len(asyncio.all_tasks()) == before
    taker.queue.put("b")
    assert taker.handled_now == 1


async def test_ended_queue_handles_nothing() -> None:
    taker = FakeHandler()
    taker.slow = {"a"}
    for frame in ("a", "b"):
        taker.queue.put(frame)
    taker.queue.end()
    taker.queue.put("c")
    await turns(5)
    assert taker.handled == []


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=60))
def test_order_holds_for_any_mix_of_slow_and_fast_frames(script: list[tuple[bool, int]]) -> None:
    async def play() -> None:
        taker = FakeHandler()
        frames = [str(number) for number in range(len(script))]
        taker.slow = {frame for frame, (slow, _) in zip(frames, script, strict=True) if slow}
        for frame, (_, pause) in zip(frames, script, strict=True):
            await turns(pause)
            taker.queue.put(frame)
        taker.queue.put(None)
        await taker.ended.wait()
        assert taker.handled == frames

    asyncio.run(play())
