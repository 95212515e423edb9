"""The line of those who may wait."""

from collections.abc import Callable

import pytest

from bussa_server.transport.turns import REST_SECONDS, Turns


class Clockwork:
    """A loop that turns when it is told to."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []
        self.later: list[tuple[float, Callable[[], None]]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.soon.append(callback)

    def call_later(self, delay: float, callback: Callable[[], None]) -> None:
        self.later.append((delay, callback))

    def turn(self) -> None:
        ready, self.soon = self.soon, []
        for callback in ready:
            callback()


def line(loop: Clockwork, *, busy: Callable[[], bool] = lambda: False) -> Turns:
    return Turns(busy, lambda: loop)


def test_a_step_a_turn_in_the_order_in_which_they_came() -> None:
    loop, done = Clockwork(), list[str]()
    turns = line(loop)
    for name in "abc":
        turns.add(lambda name=name: done.append(name))
    assert done == []
    for expected in ("a", "ab", "abc"):
        loop.turn()
        assert "".join(done) == expected
    assert loop.soon == []


def test_who_has_more_to_do_stands_in_line_again() -> None:
    loop, done = Clockwork(), list[str]()
    turns = line(loop)

    def much() -> None:
        done.append("much")
        turns.add(much)

    turns.add(much)
    turns.add(lambda: done.append("little"))
    for _ in range(4):
        loop.turn()
        assert len(loop.soon) == 1, "one row of turns"
    assert done == ["much", "little", "much", "much"]


def test_a_step_that_goes_wrong_is_the_loops_to_report_and_the_line_goes_on() -> None:
    loop, done = Clockwork(), list[str]()
    turns = line(loop)

    def wrong() -> None:
        raise RuntimeError("wrong")

    turns.add(wrong)
    turns.add(lambda: done.append("next"))
    with pytest.raises(RuntimeError):
        loop.turn()
    loop.turn()
    assert done == ["next"]


def test_it_rests_between_steps_while_others_are_at_work() -> None:
    loop, done, busy = Clockwork(), list[str](), True
    turns = line(loop, busy=lambda: busy)
    for name in "ab":
        turns.add(lambda name=name: done.append(name))
    assert loop.soon == []
    [(delay, turn)] = loop.later
    assert delay == REST_SECONDS
    busy = False
    turn()
    assert done == ["a"]
    loop.turn()
    assert done == ["a", "b"]
