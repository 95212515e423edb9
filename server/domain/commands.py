"""Everything that changes something, as data. ``user`` is whose log and door it is.

The ledger carries commands out; a store commits them in batches.
"""

from dataclasses import dataclass

from protocol.bodies import PersonChange
from protocol.frames.parts import SettingsChange
from protocol.ids import Reason


@dataclass(frozen=True, slots=True)
class Send:
    user: str
    to: str
    text: str
    nonce: str
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class MarkRead:
    user: str
    peer: str
    n: int


@dataclass(frozen=True, slots=True)
class Accept:
    user: str
    peer: str


@dataclass(frozen=True, slots=True)
class Decline:
    user: str
    peer: str


@dataclass(frozen=True, slots=True)
class Block:
    user: str
    peer: str
    blocked: bool


@dataclass(frozen=True, slots=True)
class Mute:
    user: str
    peer: str
    muted: bool


@dataclass(frozen=True, slots=True)
class Report:
    user: str
    peer: str
    reason: Reason
    n: int | None = None
    block: bool = False


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    user: str
    change: SettingsChange


@dataclass(frozen=True, slots=True)
class Follow:
    """Follow, or with ``follows`` false unfollow."""

    user: str
    peer: str
    follows: bool


@dataclass(frozen=True, slots=True)
class SignUp:
    """Create a user who does not exist yet. ``password`` is an argon2 hash."""

    user: str
    name: str
    password: str


@dataclass(frozen=True, slots=True)
class PutPerson:
    """Create or update a user in the name of the host application."""

    user: str
    change: PersonChange


@dataclass(frozen=True, slots=True)
class Revoke:
    """End every token of the user so far."""

    user: str


Command = (
    Send | MarkRead | Accept | Decline | Block | Mute | Report | ChangeSettings | Follow | SignUp | PutPerson | Revoke
)


def peer_of(command: Command) -> str | None:
    """The second user whom a command touches, if there is one."""
    match command:
        case Send(to=peer):
            return peer
        case ChangeSettings() | SignUp() | PutPerson() | Revoke():
            return None
        case _:
            return command.peer
