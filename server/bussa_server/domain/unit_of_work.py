"""The unit of work: the rows that a batch of commands reads and writes.

In one transaction a store loads the rows of the batch into a `UnitOfWork`, the handlers apply the commands to
it, and the store saves what they changed.

The small values are msgspec structs, the fastest objects to create in Python: some are created for every message.
"""

from dataclasses import dataclass, field
from hashlib import blake2b

from msgspec import Struct

from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import replies
from bussa_protocol.frames.events import LogEvent
from bussa_protocol.frames.parts import Settings
from bussa_protocol.ids import Folder
from bussa_server.domain.rows import ROWS, KeyValue, R, Row, RowKey, RowNotLoadedError
from bussa_server.domain.timers import Timer
from bussa_server.domain.users import Conversation, Participant, User, conversation_key


class MessageSent(Struct, frozen=True, gc=False):
    """A committed message, as its sender is told."""

    peer: str
    n: int
    seq: int
    at: int
    folder: Folder

    def to_reply(self, id: int) -> replies.SentReply:
        return replies.SentReply(id=id, peer=self.peer, n=self.n, seq=self.seq, at=self.at, folder=self.folder)


class IdempotencyRecord(Struct, frozen=True, gc=False):
    """A digest of what was sent under a nonce that was used (`content_digest`), and the result.

    A repeat is compared with what was sent, whatever the stored message says by now.
    """

    digest: bytes
    sent: MessageSent


def content_digest(to: str, text: str, reply_to: int | None) -> bytes:
    """16 bytes that tell the contents of messages apart (RFC 7693, BLAKE2b)."""
    # `reply_to` and the length hold no U+0000 and the length bounds `to`, so no two contents have one encoding.
    content = f"{reply_to}\0{len(to)}\0{to}{text}"
    return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Done(Struct, frozen=True, gc=False):
    """Success. ``seq`` is set if the command appended to the user's own log."""

    seq: int | None = None

    def to_reply(self, id: int) -> replies.OkReply:
        return replies.OkReply(id=id, seq=self.seq)


class SettingsSaved(Struct, frozen=True, gc=False):
    settings: Settings
    seq: int | None

    def to_reply(self, id: int) -> replies.SettingsReply:
        return replies.SettingsReply(id=id, settings=self.settings, seq=self.seq)


class UserSaved(Struct, frozen=True, gc=False):
    """A user was created or updated. ``revoked_at`` is needed to issue a token next."""

    created: bool
    name: str
    settings: Settings
    revoked_at: int


class Refusal(Struct, frozen=True, gc=False):
    """The command was refused and changed nothing."""

    code: ErrorCode
    message: str


class Taken(Struct, frozen=True, gc=False):
    """The user id of a sign-up is taken. Over HTTP only (`codes.HttpCode`)."""


Result = MessageSent | Done | SettingsSaved | UserSaved | Refusal | Taken


class Entry(Struct, frozen=True, gc=False):
    """An event appended to a user's log."""

    user: str
    event: LogEvent


class Outcome(Struct, frozen=True, gc=False):
    """The outcome of one command: its result, and the entries that it appended."""

    result: Result
    entries: tuple[Entry, ...] = ()


class NewMessage(Struct, gc=False):
    """A message row. ``sender_n`` counts the sender's own messages, so ``n`` - ``sender_n`` are the peer's."""

    conversation: Conversation
    n: int
    sender_n: int
    sender: str
    folder: Folder
    at: int
    reply_to: int | None
    text: str
    row_id: int = 0
    """The store's key of this row; 0: not stored yet."""


class NewEntry(Struct, frozen=True, gc=False):
    """A log row. ``message`` is the row that a message event refers to.

    ``nonce`` and ``digest`` (`content_digest`) are set in the sender's log only.
    """

    owner: User
    at: int
    peer: str | None
    event: LogEvent
    message: NewMessage | None
    nonce: str | None
    digest: bytes | None = None


@dataclass(slots=True)
class UnitOfWork:
    """The rows of one batch.

    ``users`` has no entry for an unknown user. ``conversations`` has every conversation of the batch whose two users
    exist. ``idempotency_records`` has the nonces that were used before.
    """

    users: dict[str, User] = field(default_factory=dict[str, User])
    conversations: dict[tuple[str, str], Conversation] = field(default_factory=dict[tuple[str, str], Conversation])
    idempotency_records: dict[tuple[str, str], IdempotencyRecord] = field(
        default_factory=dict[tuple[str, str], IdempotencyRecord]
    )
    loaded_rows: dict[RowKey, Row | None] = field(default_factory=dict[RowKey, Row | None])
    """The declared rows that the commands of the batch name, as they were before it; None: there is none."""

    # Changes, for the store to save.
    messages: list[NewMessage] = field(default_factory=list[NewMessage])
    entries: list[NewEntry] = field(default_factory=list[NewEntry])
    changed_users: dict[str, User] = field(default_factory=dict[str, User])
    changed_participants: dict[tuple[str, str], Participant] = field(default_factory=dict[tuple[str, str], Participant])
    changed_rows: dict[RowKey, Row | None] = field(default_factory=dict[RowKey, Row | None])
    """Declared rows as the batch leaves them; None: deleted."""

    def conversation(self, one: str, other: str) -> Conversation:
        """The conversation of two users; a new one if this batch created one of them."""
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
