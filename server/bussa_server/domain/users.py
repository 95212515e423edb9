"""A user, a conversation, and its two participants: the rows that decisions are made on.

They are mutable: inside one transaction the handlers change them, and the store saves the changes. Nothing else
keeps a reference to them.
"""

from dataclasses import dataclass, field

from bussa_protocol.frames.parts import Settings
from bussa_protocol.ids import Folder


@dataclass(slots=True)
class User:
    """A user: privacy settings, the head of the log, the time of the last revocation."""

    id: str
    name: str
    settings: Settings = field(default_factory=Settings)
    head: int = 0
    """The seq of the newest event in this user's log; 0: the log is empty."""
    top_peer: str | None = None
    """The peer of the first conversation in this user's list."""
    password: str | None = None
    """An argon2 hash; None if the host application authenticates its users."""
    revoked_at: int = 0
    """Tokens issued at or before this time (ms) are revoked."""
    row_id: int = 0
    """The store's key of this row; 0: not stored yet."""


@dataclass(slots=True)
class Participant:
    """One user's side of a conversation: the owner's relation to the peer."""

    owner: str
    peer: str
    folder: Folder | None = None
    """The folder of the conversation in the owner's list; None before the first message."""
    accepted: bool = False
    refused: bool = False
    """The owner has declined or reported the peer, and neither accepted nor written to them since."""
    blocked: bool = False
    muted: bool = False
    follows: bool = False
    sent_count: int = 0
    """The number of messages that the owner has sent."""
    read: int = 0
    """The owner's read mark: the n up to which they have read."""
    peer_read: int = 0
    """The peer's read mark, as far as the owner was told."""
    sort_seq: int = 0
    """The sort key of the owner's list: the seq of the message that moved this conversation to the top."""


@dataclass(slots=True)
class Conversation:
    """The conversation of two users; ``low`` has the smaller user id."""

    low: Participant
    high: Participant
    row_id: int = 0
    """The store's key of this row; 0: not stored yet."""

    def participants(self, owner: str) -> tuple[Participant, Participant]:
        """The participant ``owner``, then the other one."""
        return (self.low, self.high) if self.low.owner == owner else (self.high, self.low)

    @property
    def last_n(self) -> int:
        """The n of the newest message; 0: there is none."""
        return self.low.sent_count + self.high.sent_count

    @staticmethod
    def between(one: str, other: str) -> "Conversation":
        """A conversation of two users with no relation yet."""
        low, high = conversation_key(one, other)
        return Conversation(Participant(low, high), Participant(high, low))


def conversation_key(one: str, other: str) -> tuple[str, str]:
    """The key of a conversation: its two user ids, ascending."""
    return (one, other) if one < other else (other, one)
