"""The receive queue: frames are handled in order, whether at once or queued."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bussa_server.session.receive_queue import HIGH_WATER_FRAMES, ReceiveQueue
from tests.session.clock import turns


class FakeHandler:
    """Handles frames at once, except the ``slow`` ones: those must wait for one turn of the loop."""

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
    handler = FakeHandler()
    handler.queue.put("a")
    assert handler.handled == ["a"]
    handler.queue.put(None)
    await handler.ended.wait()


async def test_frames_do_not_overtake_a_waiting_frame() -> None:
    handler = FakeHandler()
    handler.slow = {"a"}
    for frame in ("a", "b", "c", None):
        handler.queue.put(frame)
    await handler.ended.wait()
    assert handler.handled == ["a", "b", "c"]
    assert handler.handled_now == 0


async def test_full_queue_pauses_reading_until_empty() -> None:
    handler = FakeHandler()
    handler.slow = {str(number) for number in range(HIGH_WATER_FRAMES)}
    for number in range(HIGH_WATER_FRAMES):
        handler.queue.put(str(number))
    assert handler.pauses == [True]
    handler.queue.put(None)
    await handler.ended.wait()
    assert handler.pauses == [True, False]


async def test_task_exists_only_while_frames_wait() -> None:
    handler = FakeHandler()
    handler.slow = {"a"}
    before = len(asyncio.all_tasks())
    handler.queue.put("a")
    assert len(asyncio.all_tasks()) == before + 1
    await turns(5)
    assert len(asyncio.all_tasks()) == before
    handler.queue.put("b")
    assert handler.handled_now == 1


async def test_ended_queue_handles_nothing() -> None:
    handler = FakeHandler()
    handler.slow = {"a"}
    for frame in ("a", "b"):
        handler.queue.put(frame)
    handler.queue.end()
    handler.queue.put("c")
    await turns(5)
    assert handler.handled == []


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=60))
def test_order_holds_for_any_mix_of_slow_and_fast_frames(script: list[tuple[bool, int]]) -> None:
    async def run() -> None:
        handler = FakeHandler()
        frames = [str(number) for number in range(len(script))]
        handler.slow = {frame for frame, (slow, _) in zip(frames, script, strict=True) if slow}
        for frame, (_, pause) in zip(frames, script, strict=True):
            await turns(pause)
            handler.queue.put(frame)
        handler.queue.put(None)
        await handler.ended.wait()
        assert handler.handled == frames

    asyncio.run(run())
