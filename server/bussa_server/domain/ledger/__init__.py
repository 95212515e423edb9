"""Carries commands out on a book: decides, numbers, appends.

This is where *decide where you commit* is true: a store calls ``carry_out`` inside its transaction, on
rows that it has read and locked there. Every rule about what a command does stands here, once, for all stores.

Whoever changes nothing appends nothing. A refused command has changed nothing.
"""

from collections.abc import Callable
from typing import Any

from bussa_server.domain import commands
from bussa_server.domain.book import Book, Carried
from bussa_server.domain.ledger import door, membership, writing

_DEEDS: dict[type, Callable[[Book, Any, int], Carried]] = {
    commands.Send: writing.send,
    commands.MarkRead: writing.mark_read,
    commands.Accept: door.accept,
    commands.Decline: door.decline,
    commands.Block: door.block,
    commands.Mute: door.mute,
    commands.Report: door.report,
    commands.ChangeSettings: door.change_settings,
    commands.Follow: membership.follow,
    commands.SignUp: membership.sign_up,
    commands.PutPerson: membership.put_person,
    commands.Revoke: membership.revoke,
}


def carry_out(book: Book, command: commands.Command, now: int) -> Carried:
    """Carry ``command`` out on ``book`` at ``now`` (ms)."""
    return _DEEDS[type(command)](book, command, now)
