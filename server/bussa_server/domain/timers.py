"""Timers: what is to be done at a later time, whatever becomes of the node that thought of it.

A timer is set in the commit of what makes it necessary (`UnitOfWork.set_timer`). Some node finds it due
(`bussa_server.jobs.runner`) and submits a command for it; that command looks, inside its commit, whether the timer
still stands there and is due, and takes it away together with what it does (`bussa_server.domain.handlers.timers`).
"""

from bussa_server.domain.rows import Id, Row, declared


@declared(table="timers", key=("kind", "key"))
class Timer(Row, frozen=True, gc=False):
    """One of a kind. ``key`` tells those of a kind apart; times are in milliseconds of the epoch."""

    kind: Id
    key: str
    due: int
    payload: bytes | None = None
    """JSON, for the kind's own use."""
    attempts: int = 0
    """How often its handler has failed."""
    held_until: int = 0
    """No node takes it up before: another has claimed it, or it has failed and waits for another attempt."""

    def is_same(self, other: "Timer | None") -> bool:
        """Whether ``other`` is this timer, neither moved nor attempted since; who has claimed it does not matter."""
        return other is not None and (other.due, other.payload, other.attempts) == (
            self.due,
            self.payload,
            self.attempts,
        )
