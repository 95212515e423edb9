"""Commands: every change, as data. ``user`` is the user who acts and whose log and settings it concerns.

`bussa_server.domain.handlers` apply them; a store commits them in batches.
"""

from msgspec import Struct

from bussa_protocol.bodies import UserChange
from bussa_protocol.frames.parts import SettingsChange
from bussa_protocol.ids import ReportReason


class Send(Struct, frozen=True, gc=False):
    user: str
    to: str
    text: str
    nonce: str
    reply_to: int | None = None


class MarkRead(Struct, frozen=True, gc=False):
    user: str
    peer: str
    n: int


class Accept(Struct, frozen=True, gc=False):
    user: str
    peer: str


class Decline(Struct, frozen=True, gc=False):
    user: str
    peer: str


class Block(Struct, frozen=True, gc=False):
    user: str
    peer: str
    blocked: bool


class Mute(Struct, frozen=True, gc=False):
    user: str
    peer: str
    muted: bool


class Report(Struct, frozen=True, gc=False):
    user: str
    peer: str
    reason: ReportReason
    n: int | None = None
    block: bool = False


class ChangeSettings(Struct, frozen=True, gc=False):
    user: str
    change: SettingsChange


class Follow(Struct, frozen=True, gc=False):
    """Follow; unfollow if ``follows`` is false."""

    user: str
    peer: str
    follows: bool


class SignUp(Struct, frozen=True, gc=False):
    """Create a user who must not exist yet. ``password`` is an argon2 hash."""

    user: str
    name: str
    password: str


class PutUser(Struct, frozen=True, gc=False):
    """Create or update a user on behalf of the host application."""

    user: str
    change: UserChange


class Revoke(Struct, frozen=True, gc=False):
    """Revoke every token issued to the user so far."""

    user: str


Command = (
    Send | MarkRead | Accept | Decline | Block | Mute | Report | ChangeSettings | Follow | SignUp | PutUser | Revoke
)


def peer_of(command: Command) -> str | None:
    """The other user of a command, if it has one."""
    match command:
        case Send(to=peer):
            return peer
        case ChangeSettings() | SignUp() | PutUser() | Revoke():
            return None
        case _:
            return command.peer
