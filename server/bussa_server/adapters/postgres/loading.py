"""Loads the rows of a batch into a unit of work.

Nothing is cached between batches, because other nodes write to the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bussa_protocol.frames.parts import Settings
from bussa_protocol.frames.requests import SendRequest
from bussa_server.adapters.postgres.sql import Connection, bytea_array, execute_line, without_nul
from bussa_server.adapters.postgres.statements import LOAD
from bussa_server.adapters.postgres.tables import load_rows
from bussa_server.domain.commands import Command, PutUser, SignUp
from bussa_server.domain.handlers import peer_of, rows_of
from bussa_server.domain.rows import RowKey, in_lock_order
from bussa_server.domain.unit_of_work import IdempotencyRecord, MessageSent, UnitOfWork, content_digest
from bussa_server.domain.users import Conversation, Participant, User, conversation_key
from bussa_server.lib.tokenizer import tokenize


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """The rows that a batch needs, and what can be computed before anything is locked."""

    user_ids: Sequence[str]
    conversation_keys: Sequence[tuple[str, str]]
    nonces: Sequence[tuple[str, str]]
    new_users: int
    """How many users the batch may create."""
    words_by_text: dict[str, str]
    """The words of each text, separated by spaces."""
    rows: Sequence[RowKey] = ()
    """The declared rows that the commands name, in lock order."""

    def lock_script(self) -> str:
        """A script that begins the transaction and locks the log rows."""
        return "BEGIN;\n" + execute_line("lock_users", bytea_array(self.user_ids))


def plan_load(batch: Sequence[Command]) -> LoadPlan:
    """Plan a batch. Takes some microseconds per command, and milliseconds for the longest texts.

    Raises:
        UnicodeEncodeError: a text has a lone surrogate.
    """
    conversation_keys = {
        conversation_key(command.user, peer) for command in batch if (peer := peer_of(command)) is not None
    }
    ids = {command.user for command in batch} | {id for key in conversation_keys for id in key}
    sends = [(command.user, request) for command in batch if isinstance(request := command.request, SendRequest)]
    return LoadPlan(
        user_ids=sorted(without_nul(ids)),
        conversation_keys=[key for key in conversation_keys if key[0] != key[1] and len(without_nul(key)) == 2],
        nonces=list({(user, send.nonce) for user, send in sends if without_nul([user])}),
        new_users=sum(isinstance(command.request, (SignUp, PutUser)) for command in batch),
        words_by_text={text: " ".join(tokenize(text)) for text in {send.text for _, send in sends}},
        rows=in_lock_order({name for command in batch for name in rows_of(command)}),
    )


async def load(connection: Connection, plan: LoadPlan) -> tuple[UnitOfWork, list[int]]:
    """A unit of work with all rows of the plan, and keys for the users whom the batch may create.

    Must run after `LoadPlan.lock_script`, in its transaction.
    """
    rows = await connection.fetch(
        LOAD,
        [low for low, _ in plan.conversation_keys],
        [high for _, high in plan.conversation_keys],
        [user for user, _ in plan.nonces],
        [nonce.encode() for _, nonce in plan.nonces],
        plan.new_users,
    )
    uow, keys = UnitOfWork(), list[int]()
    for kind, row in rows:
        match kind:
            case "user":
                user_row = user_from_row(*row)
                uow.users[user_row.id] = user_row
            case "conversation":
                uow.conversations[row[0], row[1]] = conversation_from_row(*row)
            case "record":
                user, nonce, seq, digest, peer, text, reply_to, n, at, folder = row
                if digest is None:  # written before there were digests, when no text had ever changed
                    digest = content_digest(peer, text.decode(), reply_to)
                sent = MessageSent(peer, n, seq, at, folder)
                uow.idempotency_records[user, nonce.decode()] = IdempotencyRecord(digest, sent)
            case _:
                keys.append(row[0])
    if plan.rows:
        await load_rows(connection, uow, plan.rows)
    return uow, keys


def user_from_row(
    key: int,
    id: str,
    name: bytes,
    dm_policy: Any,
    knocks: bool,
    read_receipts: bool,
    revoked_at: int,
    head: int,
    newest: str | None,
    password: str | None = None,
) -> User:
    settings = Settings(dm_policy=dm_policy, knocks=knocks, read_receipts=read_receipts)
    return User(id, name.decode(), settings, head, newest, password, revoked_at, key)


def conversation_from_row(low: str, high: str, *columns: Any) -> Conversation:
    """A conversation from the columns of its two participants: the lower one's, then the higher one's."""
    return Conversation(
        _participant_from_row(low, high, *columns[:10]), _participant_from_row(high, low, *columns[10:])
    )


def _participant_from_row(
    owner: str,
    peer: str,
    folder: Any,
    accepted: bool | None,
    refused: bool,
    blocked: bool,
    muted: bool,
    wrote: int,
    read: int,
    peer_read: int,
    rank: int,
    follows: bool | None,
) -> Participant:
    if accepted is None:  # there is no row
        return Participant(owner, peer, follows=bool(follows))
    return Participant(
        owner, peer, folder, accepted, refused, blocked, muted, bool(follows), wrote, read, peer_read, rank
    )
