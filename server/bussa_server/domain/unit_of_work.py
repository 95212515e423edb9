"""What a batch of commands reads and writes.

A store fills a ``Book`` with the rows that the batch touches, the ledger carries the batch out on it,
and the store writes down what the book says has changed: all in one transaction.

The small values are msgspec's structs: some are made for every message, and nothing in Python is made faster.
"""

from dataclasses import dataclass, field

from msgspec import Struct

from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames.events import LogEvent
from bussa_protocol.frames.parts import Settings
from bussa_protocol.ids import Folder
from bussa_server.domain.rows import ROWS, KeyValue, R, Row, RowKey, RowNotLoadedError
from bussa_server.domain.timers import Timer
from bussa_server.domain.users import Conversation, Participant, User, conversation_key


class MessageSent(Struct, frozen=True, gc=False):
    """A message that was committed, as its sender is told."""

    peer: str
    n: int
    seq: int
    at: int
    folder: Folder


class IdempotencyRecord(Struct, frozen=True, gc=False):
    """What a nonce was used for."""

    to: str
    text: str
    reply_to: int | None
    sent: MessageSent


class Done(Struct, frozen=True, gc=False):
    """A command was carried out; ``seq`` where it appended to the user's own log."""

    seq: int | None = None


class SettingsSaved(Struct, frozen=True, gc=False):
    settings: Settings
    seq: int | None


class UserSaved(Struct, frozen=True, gc=False):
    """A user was created or updated. ``revoked_at`` is for the token that may follow."""

    created: bool
    name: str
    settings: Settings
    revoked_at: int


class Refusal(Struct, frozen=True, gc=False):
    """A command was refused and has changed nothing."""

    code: ErrorCode
    message: str


class Taken(Struct, frozen=True, gc=False):
    """The id of a sign-up belongs to somebody already. No request of a socket ends so (`codes.HttpCode`)."""


Result = MessageSent | Done | SettingsSaved | UserSaved | Refusal | Taken


class Entry(Struct, frozen=True, gc=False):
    """An event appended to a user's log."""

    user: str
    event: LogEvent


class Outcome(Struct, frozen=True, gc=False):
    """One command, carried out: its result, and what it appended to which logs."""

    result: Result
    entries: tuple[Entry, ...] = ()


class NewMessage(Struct, gc=False):
    """A row of a conversation. ``k`` counts the sender's own messages, so the other's are ``n`` - ``k``."""

    conversation: Conversation
    n: int
    sender_n: int
    sender: str
    folder: Folder
    at: int
    reply_to: int | None
    text: str
    row_id: int = 0
    """The store's own name for this row; 0: not stored yet."""


class NewEntry(Struct, frozen=True, gc=False):
    """A row of a log. ``message`` is the row that a message event refers to; ``nonce`` stands in its sender's."""

    owner: User
    at: int
    peer: str | None
    event: LogEvent
    message: NewMessage | None
    nonce: str | None


@dataclass(slots=True)
class UnitOfWork:
    """The rows of one batch. ``people`` lacks whoever does not exist; ``pairs`` holds every pair asked for
    whose two users exist; ``priors`` the nonces that were used before."""

    users: dict[str, User] = field(default_factory=dict[str, User])
    conversations: dict[tuple[str, str], Conversation] = field(default_factory=dict[tuple[str, str], Conversation])
    idempotency_records: dict[tuple[str, str], IdempotencyRecord] = field(
        default_factory=dict[tuple[str, str], IdempotencyRecord]
    )
    loaded_rows: dict[RowKey, Row | None] = field(default_factory=dict[RowKey, Row | None])
    """The declared rows that the commands of the batch name, as they were before it; None: there is none."""

    # What the batch has changed, for the store to write down.
    messages: list[NewMessage] = field(default_factory=list[NewMessage])
    entries: list[NewEntry] = field(default_factory=list[NewEntry])
    changed_users: dict[str, User] = field(default_factory=dict[str, User])
    changed_participants: dict[tuple[str, str], Participant] = field(default_factory=dict[tuple[str, str], Participant])
    changed_rows: dict[RowKey, Row | None] = field(default_factory=dict[RowKey, Row | None])
    """Declared rows as the batch leaves them; None: deleted."""

    def conversation(self, one: str, other: str) -> Conversation:
        """The pair of two users; a new one where a user was created by this very batch."""
        key = conversation_key(one, other)
        found = self.conversations.get(key)
        if found is None:
            found = self.conversations[key] = Conversation.between(one, other)
        return found

    def touch(self, participant: Participant) -> None:
        self.changed_participants[participant.owner, participant.peer] = participant

    def row(self, kind: type[R], *key: KeyValue) -> R | None:
        """A declared row as it is now; None: there is none.

        Raises:
            RowNotLoadedError: the command does not name it (`bussa_server.domain.handlers.rows_of`).
        """
        if (kind, key) not in self.loaded_rows:
            raise RowNotLoadedError(f"{kind.__name__}{key!r} was read and not asked for")
        name: RowKey = (kind, key)
        found = self.changed_rows[name] if name in self.changed_rows else self.loaded_rows[name]
        assert found is None or isinstance(found, kind)
        return found

    def put(self, row: Row) -> None:
        """Add a declared row, or replace the one of its key.

        Where the command has named the row, no change of another node is lost. Where it has not, the row replaces
        whatever is there: for keys under the lock of a log row, or that nobody else has.
        """
        self.changed_rows[type(row), ROWS[type(row)].key_of(row)] = row

    def delete(self, kind: type[Row], *key: KeyValue) -> None:
        """Delete a declared row, if there is one."""
        self.changed_rows[kind, key] = None

    def set_timer(self, kind: str, key: str, due: int, payload: bytes | None = None) -> None:
        """Set a timer for ``due`` (ms), or move it there. ``payload`` is JSON."""
        self.put(Timer(kind, key, due, payload))

    def cancel_timer(self, kind: str, key: str) -> None:
        self.delete(Timer, kind, key)
