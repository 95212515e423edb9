"""Shared by the handlers: looking up the two users, numbering, appending to a log."""

from bussa_protocol.frames.events import LogEvent
from bussa_server.domain.handlers.refusals import NO_CONVERSATION, NO_USER, SELF
from bussa_server.domain.unit_of_work import Done, Entry, NewEntry, Outcome, UnitOfWork
from bussa_server.domain.users import Conversation, User

UNCHANGED = Outcome(Done())
"""The command changed nothing, so nothing was appended."""


def next_seq(user: User) -> int:
    user.head += 1
    return user.head


def append(uow: UnitOfWork, owner: User, peer: str | None, event: LogEvent, now: int) -> Entry:
    uow.entries.append(NewEntry(owner, now, peer, event, None, None))
    return Entry(owner.id, event)


def resolve_users(uow: UnitOfWork, user: str, peer: str) -> tuple[User, User, Conversation] | Outcome:
    if user == peer:
        return SELF
    one, other = uow.users.get(user), uow.users.get(peer)
    if one is None or other is None:
        return NO_USER
    return one, other, uow.conversation(user, peer)


def resolve_conversation(uow: UnitOfWork, user: str, peer: str) -> tuple[User, User, Conversation] | Outcome:
    found = resolve_users(uow, user, peer)
    return found if isinstance(found, Outcome) or found[2].last_n else NO_CONVERSATION
