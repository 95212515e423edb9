"""Loads the rows of a batch into a unit of work, and saves its changes.

Runs on the writer thread, inside one transaction. Nothing else writes to this file, so users and conversations are
cached; a failed transaction evicts the rows that it loaded.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import msgspec

from bussa_protocol.frames.requests import SendRequest
from bussa_server.adapters.sqlite.sql import Sql
from bussa_server.adapters.sqlite.tables import load_rows, save_rows
from bussa_server.adapters.sqlite.users import read_conversation, read_user
from bussa_server.domain.commands import Command
from bussa_server.domain.handlers import HANDLERS
from bussa_server.domain.rows import RowKey
from bussa_server.domain.unit_of_work import (
    IdempotencyRecord,
    MessageSent,
    NewEntry,
    Outcome,
    Refusal,
    UnitOfWork,
    content_digest,
)
from bussa_server.domain.users import Conversation, Participant, User, conversation_key

MAX_CACHED_ROWS = 50_000
"""Cached users, and as many conversations (each some 500 bytes); the oldest are evicted first."""

MAX_CACHED_NONCES = 10_000
"""Nonces in each of the two generations of the cache (each some 400 bytes). Retries usually come within seconds."""

_IDEMPOTENCY_RECORD = """
SELECT log.seq, log.nonce_digest, people.id, m.text, m.reply_to, m.n, m.at, m.folder FROM log
JOIN messages m ON m.key = log.message JOIN people ON people.key = log.peer
WHERE log.owner = ? AND log.nonce = ?
"""


class NonceReusedError(Exception):
    """A nonce was used before, but is no longer cached."""


def _user_row(user: User) -> tuple[Any, ...]:
    settings = user.settings
    row = (user.row_id, user.id, user.name, settings.dm_policy, settings.knocks, settings.read_receipts)
    return *row, user.password, user.revoked_at


def _participant_row(participant: Participant) -> tuple[Any, ...]:
    flags = (participant.accepted, participant.refused, participant.blocked, participant.muted)
    return participant.folder, *flags, participant.read, participant.peer_read, participant.sort_seq


class Repository:
    """Loads and saves units of work on one connection, with a cache."""

    def __init__(self, connection: Sql) -> None:
        self._connection = connection
        # OrderedDict, because the oldest are evicted first: a plain dict would scan over all deleted slots.
        self._users: OrderedDict[str, User] = OrderedDict()
        self._conversations: OrderedDict[tuple[str, str], Conversation] = OrderedDict()
        self._newer_nonces: dict[tuple[str, str], IdempotencyRecord] = {}
        self._older_nonces: dict[tuple[str, str], IdempotencyRecord] = {}
        """Two generations of cached nonces; the older one is evicted as a whole."""
        self._loaded: list[tuple[UnitOfWork, tuple[int, int, int]]] = []
        """The units of work of the open transaction, each with the newest keys before it."""
        newest_row_id = "SELECT coalesce(max(key), 0) FROM "
        self._user_row_id: int = connection.execute(newest_row_id + "people").get
        self._conversation_row_id: int = connection.execute(newest_row_id + "pairs").get
        self.message_row_id: int = connection.execute(newest_row_id + "messages").get
        """The key of the newest message."""

    def begin(self) -> None:
        """Begin a transaction; all units of work loaded before are committed."""
        self._loaded.clear()

    def roll_back(self) -> None:
        """Evict the rows of the failed transaction, because the handlers have changed them in memory."""
        while self._loaded:
            self.roll_back_last()

    def roll_back_last(self) -> None:
        """The same for the last unit of work only. Reads nothing, because the disk may have failed."""
        uow, (self._user_row_id, self._conversation_row_id, self.message_row_id) = self._loaded.pop()
        for user in uow.users:
            self._users.pop(user, None)
        for key in uow.conversations:
            self._conversations.pop(key, None)
        for nonce in uow.idempotency_records:
            self._newer_nonces.pop(nonce, None)
            self._older_nonces.pop(nonce, None)

    def load(self, batch: Sequence[Command], *, check_all_nonces: bool) -> UnitOfWork:
        """A unit of work with all rows that ``batch`` touches.

        Almost every nonce is new, and looking each one up would cost as much as writing a row. So only the cached
        ones are checked. If an older nonce is reused, `recheck_refused` finds it, or `save` violates the unique index;
        the batch is then retried with ``check_all_nonces``, which looks up every nonce.
        """
        uow = UnitOfWork()
        self._loaded.append((uow, (self._user_row_id, self._conversation_row_id, self.message_row_id)))
        users, conversations, newer_nonces, older_nonces = (
            uow.users,
            uow.conversations,
            self._newer_nonces,
            self._older_nonces,
        )
        named: list[RowKey] = []
        for command in batch:
            request, user_id = command.request, command.principal.user
            handler = HANDLERS[type(request)]
            if handler.rows is not None:
                named += handler.rows(command.principal, request)
            user = users.get(user_id) or self._load_user(uow, user_id)
            peer = handler.peer(request)
            if peer is None or peer == user_id:
                continue
            other = users.get(peer) or self._load_user(uow, peer)
            if user is None or other is None:
                continue
            if conversation_key(user.id, peer) not in conversations:
                self._load_conversation(uow, user, other)
            if isinstance(request, SendRequest):
                key = (user.id, request.nonce)
                record = newer_nonces.get(key) or older_nonces.get(key)
                if record is not None:
                    uow.idempotency_records[key] = record
                elif check_all_nonces:
                    self._load_idempotency_record(uow, user, request.nonce)
        if named:
            load_rows(self._connection, uow, named)
        return uow

    def _load_user(self, uow: UnitOfWork, user: str) -> User | None:
        user_row = self._users.get(user)
        if user_row is None:
            user_row = read_user(self._connection, user)
            if user_row is None:
                return None
            self._users[user] = user_row
        uow.users[user] = user_row
        return user_row

    def _load_conversation(self, uow: UnitOfWork, one: User, other: User) -> None:
        key = conversation_key(one.id, other.id)
        conversation = self._conversations.get(key)
        if conversation is None:
            conversation = self._conversations[key] = read_conversation(self._connection, one, other)
        uow.conversations[key] = conversation

    def _load_idempotency_record(self, uow: UnitOfWork, user: User, nonce: str) -> None:
        row = self._connection.execute(_IDEMPOTENCY_RECORD, (user.row_id, nonce)).fetchone()
        if row is not None:
            seq, digest, peer, text, reply_to, n, at, folder = row
            if digest is None:  # written before there were digests, when no text had ever changed
                digest = content_digest(peer, text, reply_to)
            uow.idempotency_records[user.id, nonce] = IdempotencyRecord(digest, MessageSent(peer, n, seq, at, folder))

    def recheck_refused(self, uow: UnitOfWork, batch: Sequence[Command], outcomes: Sequence[Outcome]) -> None:
        """Check the nonces of refused sends, which never reach the unique index.

        A send that succeeded before must get that result again, even if it would be refused now.

        Raises:
            NonceReusedError: a nonce of ``batch`` was used before, but is not in ``uow``.
        """
        for command, outcome in zip(batch, outcomes, strict=True):
            request = command.request
            if isinstance(request, SendRequest) and isinstance(outcome.result, Refusal):
                user = uow.users.get(command.user)
                key = (command.user, request.nonce)
                if user is not None and key not in uow.idempotency_records:
                    self._load_idempotency_record(uow, user, request.nonce)
                    if key in uow.idempotency_records:
                        raise NonceReusedError

    def save(self, uow: UnitOfWork) -> None:
        """Save the changes in ``uow``."""
        # Users first, then conversations, then the rows that refer to them.
        if uow.changed_users:
            self._save_users(uow)
        for message in uow.messages:
            if message.conversation.row_id == 0:
                self._save_conversation(message.conversation, uow)
        if uow.changed_participants:
            self._save_participants(uow)
        if uow.entries:
            self._save_entries(uow)
        if uow.changed_rows:
            save_rows(self._connection, uow)
        self._update_cache(uow)

    def _save_users(self, uow: UnitOfWork) -> None:
        for user in uow.changed_users.values():
            if user.row_id == 0:
                self._user_row_id += 1
                user.row_id = self._user_row_id
                self._users[user.id] = user
        self._connection.executemany(
            "INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET name = excluded.name,"
            " dm_policy = excluded.dm_policy, knocks = excluded.knocks, read_receipts = excluded.read_receipts,"
            " password = excluded.password, revoked_at = excluded.revoked_at",
            [_user_row(user) for user in uow.changed_users.values()],
        )

    def _save_conversation(self, conversation: Conversation, uow: UnitOfWork) -> None:
        self._conversation_row_id += 1
        conversation.row_id = self._conversation_row_id
        low, high = uow.users[conversation.low.owner].row_id, uow.users[conversation.high.owner].row_id
        self._connection.execute("INSERT INTO pairs VALUES (?, ?, ?)", (conversation.row_id, low, high))

    def _save_participants(self, uow: UnitOfWork) -> None:
        rows: list[tuple[Any, ...]] = []
        for participant in uow.changed_participants.values():
            conversation = uow.conversation(participant.owner, participant.peer)
            if conversation.row_id == 0:
                self._save_conversation(conversation, uow)
            rows.append(
                (
                    uow.users[participant.owner].row_id,
                    uow.users[participant.peer].row_id,
                    conversation.row_id,
                    *_participant_row(participant),
                )
            )
        self._connection.executemany("INSERT OR REPLACE INTO sides VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _save_entries(self, uow: UnitOfWork) -> None:
        users = uow.users
        for key, message in enumerate(uow.messages, self.message_row_id + 1):
            message.row_id = key
        self.message_row_id += len(uow.messages)
        if uow.messages:
            self._connection.executemany(
                "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        m.row_id,
                        m.conversation.row_id,
                        m.n,
                        m.sender_n,
                        users[m.sender].row_id,
                        m.folder,
                        m.at,
                        m.reply_to,
                        m.text,
                    )
                    for m in uow.messages
                ],
            )

        def row(entry: NewEntry) -> tuple[Any, ...]:
            peer = None if entry.peer is None else users[entry.peer].row_id
            message, event = entry.message, entry.event
            if message is not None:
                return (entry.owner.row_id, event.seq, entry.at, peer, message.row_id, None, entry.nonce, entry.digest)
            encoded = msgspec.json.encode(event)
            return (entry.owner.row_id, event.seq, entry.at, peer, None, encoded, entry.nonce, entry.digest)

        self._connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [row(e) for e in uow.entries])

    def _update_cache(self, uow: UnitOfWork) -> None:
        """Cache the conversations and nonces of the batch, and evict the oldest entries."""
        if uow.changed_users:
            # A conversation that was not loaded has a user whom this batch has created.
            self._conversations.update(uow.conversations)
        self._newer_nonces.update(uow.idempotency_records)
        if len(self._newer_nonces) >= MAX_CACHED_NONCES:
            self._newer_nonces, self._older_nonces = {}, self._newer_nonces
        while len(self._users) > MAX_CACHED_ROWS:
            self._users.popitem(last=False)
        while len(self._conversations) > MAX_CACHED_ROWS:
            self._conversations.popitem(last=False)
