"""Command handlers: decide, number, append, on a unit of work.

They implement *decide where you commit*: a store calls `handle` inside its transaction, on rows that it has read
and locked there. Every rule about what a command does is here, once, for all stores.

messages   sending a message, the read mark
privacy    accept, decline, block, mute, report, settings
users      signing up, updating, following, revoking
shared     looking up users, numbering, appending to a log
refusals   the refusals

A command that changes nothing appends nothing. A refused command changes nothing.
"""

from collections.abc import Callable
from typing import Any

from bussa_server.domain import commands
from bussa_server.domain.handlers import messages, privacy, users
from bussa_server.domain.unit_of_work import Outcome, UnitOfWork

HANDLERS: dict[type, Callable[[UnitOfWork, Any, int], Outcome]] = {
    commands.Send: messages.send,
    commands.MarkRead: messages.mark_read,
    commands.Accept: privacy.accept,
    commands.Decline: privacy.decline,
    commands.Block: privacy.block,
    commands.Mute: privacy.mute,
    commands.Report: privacy.report,
    commands.ChangeSettings: privacy.change_settings,
    commands.Follow: users.follow,
    commands.SignUp: users.sign_up,
    commands.PutUser: users.put_user,
    commands.Revoke: users.revoke,
}


def handle(uow: UnitOfWork, command: commands.Command, now: int) -> Outcome:
    """Apply ``command`` to ``uow`` at ``now`` (ms)."""
    return HANDLERS[type(command)](uow, command, now)
