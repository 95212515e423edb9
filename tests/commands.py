"""Commands with short argument lists, as tests submit them: the user is the actor, and every request has the id 1."""

from typing import Any

from bussa_protocol.bodies import UserChange
from bussa_protocol.frames import requests
from bussa_protocol.frames.parts import SettingsChange
from bussa_protocol.ids import ReportReason
from bussa_server.domain import commands
from bussa_server.domain.commands import Command
from bussa_server.domain.principal import Principal


def as_user(user: str, request: Any) -> Command:
    return Command(Principal(user, user), request)


def Send(user: str, to: str, text: str, nonce: str, reply_to: int | None = None) -> Command:  # noqa: N802
    return as_user(user, requests.SendRequest(id=1, to=to, text=text, nonce=nonce, reply_to=reply_to))


def MarkRead(user: str, peer: str, n: int) -> Command:  # noqa: N802
    return as_user(user, requests.ReadRequest(id=1, peer=peer, n=n))


def Accept(user: str, peer: str) -> Command:  # noqa: N802
    return as_user(user, requests.AcceptRequest(id=1, peer=peer))


def Decline(user: str, peer: str) -> Command:  # noqa: N802
    return as_user(user, requests.DeclineRequest(id=1, peer=peer))


def Block(user: str, peer: str, blocked: bool) -> Command:  # noqa: N802
    return as_user(user, (requests.BlockRequest if blocked else requests.UnblockRequest)(id=1, user=peer))


def Mute(user: str, peer: str, muted: bool) -> Command:  # noqa: N802
    return as_user(user, (requests.MuteRequest if muted else requests.UnmuteRequest)(id=1, user=peer))


def Report(  # noqa: N802
    user: str, peer: str, reason: ReportReason, n: int | None = None, block: bool = False
) -> Command:
    return as_user(user, requests.ReportRequest(id=1, peer=peer, reason=reason, n=n, block=block))


def ChangeSettings(user: str, change: SettingsChange) -> Command:  # noqa: N802
    return as_user(user, requests.SettingsRequest(id=1, set=change))


def Follow(user: str, peer: str, follows: bool) -> Command:  # noqa: N802
    return as_user(user, commands.Follow(peer, follows))


def SignUp(user: str, name: str, password: str) -> Command:  # noqa: N802
    return as_user(user, commands.SignUp(name, password))


def PutUser(user: str, change: UserChange) -> Command:  # noqa: N802
    return as_user(user, commands.PutUser(change))


def Revoke(user: str) -> Command:  # noqa: N802
    return as_user(user, commands.Revoke())
