"""Command handlers: decide, number, append, on a unit of work.

They implement *decide where you commit*: a store calls `handle` inside its transaction, on rows that it has read
and locked there. Every rule about what a command does is here, once, for all stores.

messages   sending a message, the read mark
privacy    accept, decline, block, mute, report, settings
users      signing up, updating, following, revoking
timers     running and postponing timers
registry   the table of handlers, and how they get into it
shared     looking up users, numbering, appending to a log
refusals   the refusals

A command that changes nothing appends nothing. A refused command changes nothing.
"""

from collections.abc import Iterable

from bussa_server.domain.commands import Command

# Importing a module registers its handlers.
from bussa_server.domain.handlers import messages, privacy, timers, users
from bussa_server.domain.handlers.registry import HANDLERS, Handler
from bussa_server.domain.rows import RowKey
from bussa_server.domain.unit_of_work import Outcome, UnitOfWork

__all__ = ["HANDLERS", "Handler", "handle", "messages", "peer_of", "privacy", "rows_of", "timers", "users"]


def handle(uow: UnitOfWork, command: Command, now: int) -> Outcome:
    """Apply ``command`` to ``uow`` at ``now`` (ms)."""
    request = command.request
    return HANDLERS[type(request)].handle(uow, command.principal, request, now)


def peer_of(command: Command) -> str | None:
    """The other user of a command, if it has one."""
    return HANDLERS[type(command.request)].peer(command.request)


def rows_of(command: Command) -> Iterable[RowKey]:
    """The declared rows that ``command`` reads, or changes without losing what another node changes meanwhile."""
    rows = HANDLERS[type(command.request)].rows
    return () if rows is None else rows(command.principal, command.request)
