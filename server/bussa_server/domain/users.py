"""A person, and how two people stand to each other.

These are the rows that a decision is made on. They are mutable: the ledger changes them inside one
transaction, the store writes back what was changed. Nothing else holds on to them.
"""

from dataclasses import dataclass, field

from bussa_protocol.frames.parts import Settings
from bussa_protocol.ids import Folder


@dataclass(slots=True)
class User:
    """A user: the door, the head of the log, and since when tokens count."""

    id: str
    name: str
    settings: Settings = field(default_factory=Settings)
    head: int = 0
    """The seq of the newest event in this user's log."""
    top_peer: str | None = None
    """The peer of the conversation that stands first in this user's list."""
    password: str | None = None
    """An argon2 hash; None where the host application logs its users in."""
    revoked_at: int = 0
    """Tokens issued at or before this time (ms) do not count any more."""
    row_id: int = 0
    """The store's own name for this row; 0: not stored yet."""


@dataclass(slots=True)
class Participant:
    """How one user, the owner, stands to a peer."""

    owner: str
    peer: str
    folder: Folder | None = None
    """Where the owner keeps the conversation; None where nothing was written yet."""
    accepted: bool = False
    refused: bool = False
    """Declined or reported, and neither accepted nor written to since."""
    blocked: bool = False
    muted: bool = False
    follows: bool = False
    sent_count: int = 0
    """How many messages the owner has written."""
    read: int = 0
    """Up to which n the owner has read."""
    peer_read: int = 0
    """Up to which n the peer has read, as far as the owner was told."""
    sort_seq: int = 0
    """Orders the owner's list: the seq of the message that put this conversation first."""


@dataclass(slots=True)
class Conversation:
    """Two users and their one conversation."""

    low: Participant
    high: Participant
    row_id: int = 0
    """The store's own name for this row; 0: not stored yet."""

    def participants(self, owner: str) -> tuple[Participant, Participant]:
        """The side of ``owner``, and the other one."""
        return (self.low, self.high) if self.low.owner == owner else (self.high, self.low)

    @property
    def last_n(self) -> int:
        """The n of the newest message; 0: nothing was written yet."""
        return self.low.sent_count + self.high.sent_count

    @staticmethod
    def between(one: str, other: str) -> "Conversation":
        """Two users who have had nothing to do with each other yet."""
        low, high = conversation_key(one, other)
        return Conversation(Participant(low, high), Participant(high, low))


def conversation_key(one: str, other: str) -> tuple[str, str]:
    """The name of a conversation: its two users, in the order of their ids."""
    return (one, other) if one < other else (other, one)
