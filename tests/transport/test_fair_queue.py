"""The fair queue: order, one step a turn, and its pause while busy."""

from collections.abc import Callable

import pytest

from bussa_server.transport.fair_queue import BUSY_DELAY_SECONDS, FairQueue


class FakeLoop:
    """A loop that runs one turn at a time, when told to."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []
        self.later: list[tuple[float, Callable[[], None]]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.soon.append(callback)

    def call_later(self, delay: float, callback: Callable[[], None]) -> None:
        self.later.append((delay, callback))

    def run_once(self) -> None:
        ready, self.soon = self.soon, []
        for callback in ready:
            callback()


def make_queue(loop: FakeLoop, *, busy: Callable[[], bool] = lambda: False) -> FairQueue:
    return FairQueue(busy, lambda: loop)


def test_steps_run_one_a_turn_in_order() -> None:
    loop, done = FakeLoop(), list[str]()
    queue = make_queue(loop)
    for name in "abc":
        queue.add(lambda name=name: done.append(name))
    assert done == []
    for expected in ("a", "ab", "abc"):
        loop.run_once()
        assert "".join(done) == expected
    assert loop.soon == []


def test_repeated_step_goes_to_the_end_of_the_queue() -> None:
    loop, done = FakeLoop(), list[str]()
    queue = make_queue(loop)

    def much() -> None:
        done.append("much")
        queue.add(much)

    queue.add(much)
    queue.add(lambda: done.append("little"))
    for _ in range(4):
        loop.run_once()
        assert len(loop.soon) == 1, "one chain of turns"
    assert done == ["much", "little", "much", "much"]


def test_failing_step_is_reported_and_the_queue_continues() -> None:
    loop, done = FakeLoop(), list[str]()
    queue = make_queue(loop)

    def wrong() -> None:
        raise RuntimeError("wrong")

    queue.add(wrong)
    queue.add(lambda: done.append("next"))
    with pytest.raises(RuntimeError):
        loop.run_once()
    loop.run_once()
    assert done == ["next"]


def test_queue_pauses_between_steps_while_busy() -> None:
    loop, done, busy = FakeLoop(), list[str](), True
    queue = make_queue(loop, busy=lambda: busy)
    for name in "ab":
        queue.add(lambda name=name: done.append(name))
    assert loop.soon == []
    [(delay, turn)] = loop.later
    assert delay == BUSY_DELAY_SECONDS
    busy = False
    turn()
    assert done == ["a"]
    loop.run_once()
    assert done == ["a", "b"]
