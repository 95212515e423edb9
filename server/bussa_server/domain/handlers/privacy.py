"""A user's decisions about a peer, and the user's privacy settings."""

from typing import Any

from msgspec import UNSET, structs

from bussa_protocol.frames import events, parts, requests
from bussa_server.domain.handlers.refusals import NO_MESSAGE, NO_USER
from bussa_server.domain.handlers.registry import handles
from bussa_server.domain.handlers.shared import UNCHANGED, append, next_seq, resolve_conversation, resolve_users
from bussa_server.domain.principal import Principal
from bussa_server.domain.relations import AbuseReport
from bussa_server.domain.rows import RowKey
from bussa_server.domain.unit_of_work import Done, Entry, Outcome, SettingsSaved, UnitOfWork
from bussa_server.domain.users import Conversation, User


@handles(requests.AcceptRequest, peer="peer")
def accept(uow: UnitOfWork, principal: Principal, request: requests.AcceptRequest, now: int) -> Outcome:
    found = resolve_conversation(uow, principal.user, request.peer)
    if isinstance(found, Outcome):
        return found
    user, _, conversation = found
    return _update_participant(uow, user, conversation, now, folder="inbox", accepted=True, refused=False)


@handles(requests.DeclineRequest, peer="peer")
def decline(uow: UnitOfWork, principal: Principal, request: requests.DeclineRequest, now: int) -> Outcome:
    found = resolve_conversation(uow, principal.user, request.peer)
    if isinstance(found, Outcome):
        return found
    user, _, conversation = found
    return _update_participant(uow, user, conversation, now, folder="declined", accepted=False, refused=True)


def _rows_of_report(principal: Principal, request: requests.ReportRequest) -> list[RowKey]:
    return [(AbuseReport, (principal.user, request.peer, request.n or 0, request.reason))]


@handles(requests.ReportRequest, peer="peer", rows=_rows_of_report)
def report(uow: UnitOfWork, principal: Principal, request: requests.ReportRequest, now: int) -> Outcome:
    found = resolve_conversation(uow, principal.user, request.peer)
    if isinstance(found, Outcome):
        return found
    user, peer, conversation = found
    if request.n is not None and request.n > conversation.last_n:
        return NO_MESSAGE
    abuse_report = AbuseReport(user.id, peer.id, request.n or 0, request.reason, now)
    if uow.row(AbuseReport, user.id, peer.id, abuse_report.n, abuse_report.reason) is None:
        uow.put(abuse_report)
    blocked = request.block or conversation.participants(user.id)[0].blocked
    return _update_participant(
        uow, user, conversation, now, folder="declined", accepted=False, refused=True, blocked=blocked
    )


@handles(requests.BlockRequest, peer="user")
def block(uow: UnitOfWork, principal: Principal, request: requests.BlockRequest, now: int) -> Outcome:
    return _set(uow, principal.user, request.user, now, blocked=True)


@handles(requests.UnblockRequest, peer="user")
def unblock(uow: UnitOfWork, principal: Principal, request: requests.UnblockRequest, now: int) -> Outcome:
    return _set(uow, principal.user, request.user, now, blocked=False)


@handles(requests.MuteRequest, peer="user")
def mute(uow: UnitOfWork, principal: Principal, request: requests.MuteRequest, now: int) -> Outcome:
    return _set(uow, principal.user, request.user, now, muted=True)


@handles(requests.UnmuteRequest, peer="user")
def unmute(uow: UnitOfWork, principal: Principal, request: requests.UnmuteRequest, now: int) -> Outcome:
    return _set(uow, principal.user, request.user, now, muted=False)


def _set(uow: UnitOfWork, user_id: str, peer: str, now: int, **wanted: bool) -> Outcome:
    found = resolve_users(uow, user_id, peer)
    if isinstance(found, Outcome):
        return found
    user, _, conversation = found
    return _update_participant(uow, user, conversation, now, **wanted)


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


@handles(requests.SettingsRequest)
def settings(uow: UnitOfWork, principal: Principal, request: requests.SettingsRequest, now: int) -> Outcome:
    user = uow.users.get(principal.user)
    if user is None:
        return NO_USER
    if request.set is None:
        # Read inside the commit as well: so it sees all changes submitted before it.
        return Outcome(SettingsSaved(user.settings, None))
    change = {name: value for name, value in structs.asdict(request.set).items() if value is not UNSET}
    changed = structs.replace(user.settings, **change)
    if changed == user.settings:
        return Outcome(SettingsSaved(changed, None))
    entry = set_privacy_settings(uow, user, changed, now)
    return Outcome(SettingsSaved(changed, entry.event.seq), (entry,))


def set_privacy_settings(uow: UnitOfWork, user: User, settings: parts.Settings, now: int) -> Entry:
    user.settings = settings
    uow.changed_users[user.id] = user
    return append(uow, user, None, events.SettingsEvent(seq=next_seq(user), settings=settings), now)
