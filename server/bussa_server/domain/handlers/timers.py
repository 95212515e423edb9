"""Runs a timer: once, in the commit of its effect, whichever other nodes try to.

A kind of timer is an entry of `KINDS`. When its handler is called, the timer is deleted already; to run again, the
handler sets it again. It returns what it has appended to logs.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bussa_protocol.codes import ErrorCode
from bussa_server.domain import commands
from bussa_server.domain.handlers.registry import handles
from bussa_server.domain.handlers.shared import UNCHANGED
from bussa_server.domain.principal import Principal
from bussa_server.domain.rows import RowKey
from bussa_server.domain.timers import Timer
from bussa_server.domain.unit_of_work import Done, Entry, Outcome, Refusal, UnitOfWork

NO_TIMER = Outcome(Refusal(ErrorCode.NOT_FOUND, "the timer is gone, or not due"))
"""Another node has run it, or it was cancelled or moved."""


def _nobody(timer: Timer) -> str:
    return ""


def _none(timer: Timer) -> Any:
    return None


def _no_rows(timer: Timer) -> Iterable[RowKey]:
    return ()


@dataclass(frozen=True, slots=True)
class TimerKind:
    """What is done when a timer of a kind is due."""

    handle: Callable[[UnitOfWork, Timer, int], tuple[Entry, ...]]
    """Takes the time of the commit (ms) as its last argument."""
    user: Callable[[Timer], str] = _nobody
    """The user whose log, privacy settings or rows it touches, if that user still exists; empty: nobody's."""
    peer: Callable[[Timer], str | None] = _none
    rows: Callable[[Timer], Iterable[RowKey]] = _no_rows
    """The declared rows that it reads, besides the timer."""

    def command(self, timer: Timer) -> commands.Command:
        user = self.user(timer)
        return commands.Command(Principal(user, user), commands.RunTimer(timer))


KINDS: dict[str, TimerKind] = {}
"""The kinds of timers that this server knows."""


def _peer_of_run_timer(request: commands.RunTimer) -> str | None:
    return KINDS[request.timer.kind].peer(request.timer)


def _rows_of_run_timer(principal: Principal, request: commands.RunTimer) -> list[RowKey]:
    timer = request.timer
    return [(Timer, (timer.kind, timer.key)), *KINDS[timer.kind].rows(timer)]


@handles(commands.RunTimer, peer=_peer_of_run_timer, rows=_rows_of_run_timer)
def run_timer(uow: UnitOfWork, principal: Principal, request: commands.RunTimer, now: int) -> Outcome:
    timer = request.timer
    if not timer.is_same(uow.row(Timer, timer.kind, timer.key)) or timer.due > now:
        return NO_TIMER
    uow.cancel_timer(timer.kind, timer.key)
    entries = KINDS[timer.kind].handle(uow, timer, now)
    return Outcome(Done(), entries)


def _rows_of_postpone_timer(principal: Principal, request: commands.PostponeTimer) -> list[RowKey]:
    return [(Timer, (request.timer.kind, request.timer.key))]


@handles(commands.PostponeTimer, rows=_rows_of_postpone_timer)
def postpone_timer(uow: UnitOfWork, principal: Principal, request: commands.PostponeTimer, now: int) -> Outcome:
    timer = request.timer
    if not timer.is_same(uow.row(Timer, timer.kind, timer.key)):
        return NO_TIMER
    uow.put(Timer(timer.kind, timer.key, timer.due, timer.payload, timer.attempts + 1, request.until))
    return UNCHANGED
