"""A user's decisions about a peer, and the user's privacy settings."""

from typing import Any

from msgspec import UNSET, structs

from bussa_protocol.frames import events, parts
from bussa_server.domain import commands
from bussa_server.domain.handlers.refusals import NO_MESSAGE, NO_USER
from bussa_server.domain.handlers.shared import UNCHANGED, append, next_seq, resolve_conversation, resolve_users
from bussa_server.domain.unit_of_work import Done, Entry, NewReport, Outcome, SettingsSaved, UnitOfWork
from bussa_server.domain.users import Conversation, User


def accept(uow: UnitOfWork, command: commands.Accept, now: int) -> Outcome:
    found = resolve_conversation(uow, command.user, command.peer)
    if isinstance(found, Outcome):
        return found
    user, _, conversation = found
    return _update_participant(uow, user, conversation, now, folder="inbox", accepted=True, refused=False)


def decline(uow: UnitOfWork, command: commands.Decline, now: int) -> Outcome:
    found = resolve_conversation(uow, command.user, command.peer)
    if isinstance(found, Outcome):
        return found
    user, _, conversation = found
    return _update_participant(uow, user, conversation, now, folder="declined", accepted=False, refused=True)


def report(uow: UnitOfWork, command: commands.Report, now: int) -> Outcome:
    found = resolve_conversation(uow, command.user, command.peer)
    if isinstance(found, Outcome):
        return found
    user, peer, conversation = found
    if command.n is not None and command.n > conversation.last_n:
        return NO_MESSAGE
    uow.reports.append(NewReport(user.id, peer.id, command.n, command.reason, now))
    blocked = command.block or conversation.participants(user.id)[0].blocked
    return _update_participant(
        uow, user, conversation, now, folder="declined", accepted=False, refused=True, blocked=blocked
    )


def block(uow: UnitOfWork, command: commands.Block, now: int) -> Outcome:
    found = resolve_users(uow, command.user, command.peer)
    if isinstance(found, Outcome):
        return found
    user, _, conversation = found
    return _update_participant(uow, user, conversation, now, blocked=command.blocked)


def mute(uow: UnitOfWork, command: commands.Mute, now: int) -> Outcome:
    found = resolve_users(uow, command.user, command.peer)
    if isinstance(found, Outcome):
        return found
    user, _, conversation = found
    return _update_participant(uow, user, conversation, now, muted=command.muted)


def _update_participant(uow: UnitOfWork, user: User, conversation: Conversation, now: int, **wanted: Any) -> Outcome:
    """Set attributes of the user's side of ``conversation``; log the new state if anything changed."""
    participant, _ = conversation.participants(user.id)
    if all(getattr(participant, name) == value for name, value in wanted.items()):
        return UNCHANGED
    for name, value in wanted.items():
        setattr(participant, name, value)
    uow.touch(participant)
    seq = next_seq(user)
    event = events.ConversationEvent(
        seq=seq, peer=participant.peer, folder=participant.folder, muted=participant.muted, blocked=participant.blocked
    )
    return Outcome(Done(seq), (append(uow, user, participant.peer, event, now),))


def change_settings(uow: UnitOfWork, command: commands.ChangeSettings, now: int) -> Outcome:
    user = uow.users.get(command.user)
    if user is None:
        return NO_USER
    change = {name: value for name, value in structs.asdict(command.change).items() if value is not UNSET}
    settings = structs.replace(user.settings, **change)
    if settings == user.settings:
        return Outcome(SettingsSaved(settings, None))
    entry = set_privacy_settings(uow, user, settings, now)
    return Outcome(SettingsSaved(settings, entry.event.seq), (entry,))


def set_privacy_settings(uow: UnitOfWork, user: User, settings: parts.Settings, now: int) -> Entry:
    user.settings = settings
    uow.changed_users[user.id] = user
    return append(uow, user, None, events.SettingsEvent(seq=next_seq(user), settings=settings), now)
