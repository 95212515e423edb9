"""Creating and updating users, following, revoking tokens."""

from msgspec import UNSET, UnsetType, structs

from bussa_server.domain import commands
from bussa_server.domain.handlers.privacy import set_privacy_settings
from bussa_server.domain.handlers.refusals import NO_USER, TAKEN
from bussa_server.domain.handlers.registry import handles
from bussa_server.domain.handlers.shared import UNCHANGED, resolve_users
from bussa_server.domain.principal import Principal
from bussa_server.domain.relations import FollowEdge
from bussa_server.domain.unit_of_work import Entry, Outcome, UnitOfWork, UserSaved
from bussa_server.domain.users import User


@handles(commands.Follow, peer="peer")
def follow(uow: UnitOfWork, principal: Principal, request: commands.Follow, now: int) -> Outcome:
    found = resolve_users(uow, principal.user, request.peer)
    if isinstance(found, Outcome):
        return found
    user, peer, conversation = found
    mine, _ = conversation.participants(user.id)
    if mine.follows != request.follows:
        mine.follows = request.follows
        # Not asked for: `mine.follows` says whether it is there, under the lock of both log rows.
        if request.follows:
            uow.put(FollowEdge(user.id, peer.id))
        else:
            uow.delete(FollowEdge, user.id, peer.id)
    return UNCHANGED


@handles(commands.SignUp)
def sign_up(uow: UnitOfWork, principal: Principal, request: commands.SignUp, now: int) -> Outcome:
    if principal.user in uow.users:
        return TAKEN
    user = User(principal.user, request.name, password=request.password)
    uow.users[user.id] = uow.changed_users[user.id] = user
    return Outcome(UserSaved(True, user.name, user.settings, user.revoked_at))


@handles(commands.PutUser)
def put_user(uow: UnitOfWork, principal: Principal, request: commands.PutUser, now: int) -> Outcome:
    change, user = request.change, uow.users.get(principal.user)
    created = user is None
    if user is None:
        user = uow.users[principal.user] = User(principal.user, principal.user)
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


@handles(commands.Revoke)
def revoke(uow: UnitOfWork, principal: Principal, request: commands.Revoke, now: int) -> Outcome:
    user = uow.users.get(principal.user)
    if user is None:
        return NO_USER
    # Two revocations within one millisecond are two: a token issued between them is revoked.
    user.revoked_at = max(now, user.revoked_at + 1)
    uow.changed_users[user.id] = user
    return Outcome(UserSaved(False, user.name, user.settings, user.revoked_at))
