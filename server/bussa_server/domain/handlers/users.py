"""Creating and updating users, following, revoking tokens."""

from msgspec import UNSET, UnsetType, structs

from bussa_server.domain import commands
from bussa_server.domain.handlers.privacy import set_privacy_settings
from bussa_server.domain.handlers.refusals import NO_USER, TAKEN
from bussa_server.domain.handlers.shared import UNCHANGED, resolve_users
from bussa_server.domain.unit_of_work import Entry, Outcome, UnitOfWork, UserSaved
from bussa_server.domain.users import User


def follow(uow: UnitOfWork, command: commands.Follow, now: int) -> Outcome:
    found = resolve_users(uow, command.user, command.peer)
    if isinstance(found, Outcome):
        return found
    user, peer, conversation = found
    mine, _ = conversation.participants(user.id)
    if mine.follows != command.follows:
        mine.follows = command.follows
        uow.changed_follows[user.id, peer.id] = command.follows
    return UNCHANGED


def sign_up(uow: UnitOfWork, command: commands.SignUp, now: int) -> Outcome:
    if command.user in uow.users:
        return TAKEN
    user = User(command.user, command.name, password=command.password)
    uow.users[user.id] = uow.changed_users[user.id] = user
    return Outcome(UserSaved(True, user.name, user.settings, user.revoked_at))


def put_user(uow: UnitOfWork, command: commands.PutUser, now: int) -> Outcome:
    change, user = command.change, uow.users.get(command.user)
    created = user is None
    if user is None:
        user = uow.users[command.user] = User(command.user, command.user)
        uow.changed_users[user.id] = user
    if not isinstance(change.name, UnsetType) and change.name != user.name:
        user.name = change.name
        uow.changed_users[user.id] = user
    changed = {
        name: getattr(change, name)
        for name in ("dm_policy", "knocks", "read_receipts")
        if getattr(change, name) is not UNSET
    }
    settings = structs.replace(user.settings, **changed)
    entries: tuple[Entry, ...] = ()
    if settings != user.settings:
        if created:
            user.settings = settings  # initial settings are no change: a new user's log is empty
        else:
            entries = (set_privacy_settings(uow, user, settings, now),)
    return Outcome(UserSaved(created, user.name, settings, user.revoked_at), entries)


def revoke(uow: UnitOfWork, command: commands.Revoke, now: int) -> Outcome:
    user = uow.users.get(command.user)
    if user is None:
        return NO_USER
    # Two revocations within one millisecond are two: a token issued between them is revoked.
    user.revoked_at = max(now, user.revoked_at + 1)
    uow.changed_users[user.id] = user
    return Outcome(UserSaved(False, user.name, user.settings, user.revoked_at))
