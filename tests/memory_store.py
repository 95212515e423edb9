"""The store port in memory: the real handlers on rows that are copied in and out.

Small enough to be obviously right, so that other stores can be compared with it. Nothing survives the process.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from msgspec import structs

from bussa_protocol import limits
from bussa_protocol.frames import events, parts
from bussa_protocol.frames.events import LogEvent
from bussa_protocol.frames.requests import SendRequest
from bussa_server.domain.commands import Command
from bussa_server.domain.handlers import handle, peer_of, rows_of
from bussa_server.domain.rows import Row, RowKey
from bussa_server.domain.timers import Timer
from bussa_server.domain.unit_of_work import IdempotencyRecord, NewMessage, Outcome, UnitOfWork
from bussa_server.domain.users import Conversation, User, conversation_key
from bussa_server.domain.visibility import visible_message, visible_to
from bussa_server.lib.tokenizer import matches
from bussa_server.ports.store import (
    ConversationPage,
    Faulted,
    LogPage,
    MessagePage,
    ResumeState,
    Unavailable,
    UserPage,
    parse_cursor,
    take_page,
)
from bussa_server.ports.timers import ClaimedTimers


class LogRow(NamedTuple):
    at: int
    peer: str | None
    event: LogEvent


class MemoryStore:
    def __init__(self, epoch: str = "memory") -> None:
        self.unavailable = False
        """If true, every method raises `Unavailable`."""
        self.rows: dict[RowKey, Row] = {}
        """The declared rows."""
        self._epoch = epoch
        self._users: dict[str, User] = {}
        self._conversations: dict[tuple[str, str], Conversation] = {}
        self._idempotency_records: dict[tuple[str, str], IdempotencyRecord] = {}
        self._messages: dict[tuple[str, str], list[NewMessage]] = defaultdict(list)
        self._logs: dict[str, list[LogRow]] = defaultdict(list)
        self._search_order: dict[tuple[str, str, int], int] = {}
        self._count = itertools.count(1)

    @property
    def epoch(self) -> str:
        return self._epoch

    # Writing.

    async def commit(self, batch: Sequence[Command], now: int) -> Sequence[Outcome | Faulted]:
        self._check_available()
        return [self._handle(command, now) for command in batch]

    def _handle(self, command: Command, now: int) -> Outcome | Faulted:
        uow = self._load(command)
        try:
            outcome = handle(uow, command, now)
        except Exception as error:  # noqa: BLE001 - per the port: a command that fails by itself fails alone
            return Faulted(error)
        self._save(uow)
        return outcome

    def _load(self, command: Command) -> UnitOfWork:
        named = [id for id in (command.user, peer_of(command)) if id is not None]
        uow = UnitOfWork(users={id: replace(self._users[id]) for id in named if id in self._users})
        if len(named) == 2 and (conversation := self._conversations.get(conversation_key(*named))) is not None:
            uow.conversations[conversation_key(*named)] = _copy(conversation)
        if (
            isinstance(request := command.request, SendRequest)
            and (record := self._idempotency_records.get((command.user, request.nonce))) is not None
        ):
            uow.idempotency_records[command.user, request.nonce] = record
        uow.loaded_rows.update({name: self.rows.get(name) for name in rows_of(command)})
        return uow

    def _save(self, uow: UnitOfWork) -> None:
        self._users.update(uow.users)
        self._conversations.update(uow.conversations)
        self._idempotency_records.update(uow.idempotency_records)
        for message in uow.messages:
            key = conversation_key(message.conversation.low.owner, message.conversation.high.owner)
            self._messages[key].append(message)
            self._search_order[*key, message.n] = next(self._count)
        for entry in uow.entries:
            self._logs[entry.owner.id].append(LogRow(entry.at, entry.peer, entry.event))
        for name, row in uow.changed_rows.items():
            if row is None:
                self.rows.pop(name, None)
            else:
                self.rows[name] = row

    async def trim(self, now: int) -> int:
        self._check_available()
        trimmed = 0
        for user, rows in self._logs.items():
            head = self._users[user].head
            # Cut before the first row to keep, so that the log has no hole.
            first = next((i for i, row in enumerate(rows) if not _may_be_trimmed(row, head, now)), len(rows))
            trimmed += first
            self._logs[user] = rows[first:]
        return trimmed

    async def claim_timers(self, kinds: Iterable[str], now: int, until: int, limit: int) -> ClaimedTimers:
        self._check_available()
        known = set(kinds)
        timers = sorted(
            (row for row in self.rows.values() if isinstance(row, Timer) and row.kind in known), key=lambda row: row.due
        )
        due = [timer for timer in timers if timer.due <= now and timer.held_until <= now][:limit]
        for timer in due:
            self.rows[Timer, (timer.kind, timer.key)] = structs.replace(timer, held_until=until)
        return ClaimedTimers(due, next((timer.due for timer in timers if timer.due > now), None))

    async def close(self) -> None:
        self.unavailable = True

    # Reading.

    async def revoked(self, users: Iterable[str]) -> dict[str, int]:
        self._check_available()
        known = [self._users[user] for user in users if user in self._users]
        return {user_row.id: user_row.revoked_at for user_row in known if user_row.revoked_at}

    async def heads(self, users: Iterable[str]) -> dict[str, int]:
        self._check_available()
        return {user: self._users[user].head for user in users if user in self._users}

    async def log(self, user: str, after: int, limit: int) -> LogPage:
        self._check_available()
        rows = self._logs[user]
        head = self._users[user].head if user in self._users else 0
        tail = rows[0].event.seq if rows else head + 1
        if after + 1 < tail:
            return LogPage((), head, tail)
        found = (self._visible(user, row) for row in rows if row.event.seq > after)
        return LogPage(take_page(found, _length, limit)[0], head, tail)

    async def resume_state(self, user: str, after: int, limit: int) -> ResumeState | None:
        page = await MemoryStore.log(self, user, after, limit)
        return ResumeState(self._users[user].revoked_at, page) if user in self._users else None

    def _visible(self, user: str, row: LogRow) -> LogEvent:
        return visible_to(user, row.event, self._blocks(user, row.peer))

    async def history(
        self, user: str, peer: str, before: int | None, after: int | None, limit: int
    ) -> MessagePage | None:
        self._check_available()
        found = self._messages[conversation_key(user, peer)]
        if not found:
            return None
        if after is not None:
            found = [message for message in found if message.n > after]
        else:
            found = [message for message in reversed(found) if before is None or message.n < before]
        chosen, more = take_page(found, lambda message: len(message.text), limit)
        shown = [self._message_part(user, peer, message) for message in sorted(chosen, key=lambda message: message.n)]
        return MessagePage(shown, more)

    async def conversations(self, user: str, folder: str, before: str | None, limit: int) -> ConversationPage:
        self._check_available()
        below = parse_cursor(before)
        mine = [
            (participant.sort_seq, conversation_key(user, participant.peer), conversation)
            for conversation in self._conversations_of(user)
            if (participant := conversation.participants(user)[0]).folder == folder
            and conversation.last_n
            and participant.sort_seq < below
        ]
        mine.sort(key=lambda found: found[0], reverse=True)
        page, more = take_page(mine, lambda found: len(self._messages[found[1]][-1].text), limit)
        return ConversationPage(
            [self._conversation(user, conversation) for _, _, conversation in page], str(page[-1][0]) if more else None
        )

    def _conversation(self, user: str, conversation: Conversation) -> parts.Conversation:
        participant, _ = conversation.participants(user)
        assert participant.folder is not None
        messages = self._messages[conversation_key(user, participant.peer)]
        return parts.Conversation(
            peer=participant.peer,
            last=self._message_part(user, participant.peer, messages[-1]),
            unread=sum(message.sender == participant.peer and message.n > participant.read for message in messages),
            read=participant.read,
            peer_read=participant.peer_read or None,
            muted=participant.muted,
            folder=participant.folder,
            blocked=participant.blocked,
            name=self._users[participant.peer].name,
        )

    async def search(
        self, user: str, query: Sequence[str], peer: str | None, before: str | None, limit: int
    ) -> MessagePage | None:
        self._check_available()
        below = parse_cursor(before)
        if peer is not None and not self._messages[conversation_key(user, peer)]:
            return None
        found: list[tuple[int, str, NewMessage]] = []
        for conversation in self._conversations_of(user):
            other = conversation.participants(user)[0].peer
            for message in self._messages[conversation.low.owner, conversation.high.owner]:
                order = self._search_order[conversation.low.owner, conversation.high.owner, message.n]
                shown = not self._message_part(user, other, message).hidden
                wanted = peer in (None, other) and order < below
                if shown and wanted and matches(list(query), message.text):
                    found.append((order, other, message))
        found.sort(key=lambda hit: hit[0], reverse=True)
        page, more = take_page(found, lambda hit: len(hit[2].text), limit)
        hits = [self._message_part(user, other, message) for _, other, message in page]
        return MessagePage(hits, more, str(page[-1][0]) if more else None)

    async def get_user(self, user: str) -> User | None:
        self._check_available()
        found = self._users.get(user)
        return None if found is None else replace(found)

    async def get_conversation(self, one: str, other: str) -> Conversation | None:
        self._check_available()
        if one not in self._users or other not in self._users:
            return None
        found = self._conversations.get(conversation_key(one, other))
        return Conversation.between(one, other) if found is None else _copy(found)

    async def follows(self, user: str, *, followers: bool, after: str | None, limit: int) -> UserPage:
        self._check_available()
        found = sorted(
            mine.peer
            for conversation in self._conversations_of(user)
            for mine, theirs in [conversation.participants(user)]
            if (theirs if followers else mine).follows and (after is None or mine.peer > after)
        )
        return UserPage(found[:limit], found[limit - 1] if len(found) > limit else None)

    # Shared.

    def _check_available(self) -> None:
        if self.unavailable:
            raise Unavailable("the store is set to unavailable")

    def _conversations_of(self, user: str) -> list[Conversation]:
        return [conversation for key, conversation in self._conversations.items() if user in key]

    def _blocks(self, user: str, peer: str | None) -> bool:
        conversation = self._conversations.get(conversation_key(user, peer)) if peer is not None else None
        return conversation is not None and conversation.participants(user)[0].blocked

    def _message_part(self, user: str, peer: str, message: NewMessage) -> parts.Message:
        found = parts.Message(
            peer=peer,
            n=message.n,
            sender=message.sender,
            text=message.text,
            at=message.at,
            reply_to=message.reply_to,
        )
        return visible_message(user, found, self._blocks(user, peer))


def _may_be_trimmed(row: LogRow, head: int, now: int) -> bool:
    return row.event.seq <= head - limits.LOG_RETENTION_EVENTS and row.at < now - limits.LOG_RETENTION_MILLIS


def _length(event: LogEvent) -> int:
    return len(event.text) if isinstance(event, events.MessageEvent) else 0


def _copy(conversation: Conversation) -> Conversation:
    return Conversation(replace(conversation.low), replace(conversation.high), conversation.row_id)
