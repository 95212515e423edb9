"""The store port in plain memory: the real ledger on rows that are copied in and out.

Small enough to be right at a glance, so that other stores can be compared with it. Nothing survives the process.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from bussa_protocol import limits
from bussa_protocol.frames import events, parts
from bussa_protocol.frames.events import LogEvent
from bussa_server.domain.book import Book, Carried, NewMessage, NewReport, Posted, Prior
from bussa_server.domain.commands import Command, Send, peer_of
from bussa_server.domain.ledger import carry_out
from bussa_server.domain.people import Pair, Person, ordered
from bussa_server.domain.words import matches
from bussa_server.ports.store import (
    Arrival,
    ConversationPage,
    Failed,
    LogPage,
    MessagePage,
    Unavailable,
    UserPage,
    fitting,
)


class Line(NamedTuple):
    """A row of a log."""

    at: int
    peer: str | None
    event: LogEvent


class MemoryStore:
    def __init__(self, epoch: str = "memory") -> None:
        self.out_of_reach = False
        """Set it, and everything raises Unavailable."""
        self.reports: list[NewReport] = []
        self._epoch = epoch
        self._people: dict[str, Person] = {}
        self._pairs: dict[tuple[str, str], Pair] = {}
        self._priors: dict[tuple[str, str], Prior] = {}
        self._messages: dict[tuple[str, str], list[NewMessage]] = defaultdict(list)
        self._logs: dict[str, list[Line]] = defaultdict(list)
        self._order: dict[tuple[str, str, int], int] = {}
        self._count = itertools.count(1)

    @property
    def epoch(self) -> str:
        return self._epoch

    # Writing.

    async def commit(self, batch: Sequence[Command], now: int) -> Sequence[Carried | Failed]:
        self._reach()
        return [self._carry_out(command, now) for command in batch]

    def _carry_out(self, command: Command, now: int) -> Carried | Failed:
        book = self._open(command)
        try:
            carried = carry_out(book, command, now)
        except Exception as error:  # noqa: BLE001 - as the port has it: a command that fails by itself fails alone
            return Failed(error)
        self._keep(book)
        if isinstance(command, Send) and isinstance(carried.result, Posted):
            prior = Prior(command.to, command.text, command.reply_to, carried.result)
            self._priors.setdefault((command.user, command.nonce), prior)
        return carried

    def _open(self, command: Command) -> Book:
        named = [id for id in (command.user, peer_of(command)) if id is not None]
        book = Book(people={id: replace(self._people[id]) for id in named if id in self._people})
        if len(named) == 2 and (pair := self._pairs.get(ordered(*named))) is not None:
            book.pairs[ordered(*named)] = _copy(pair)
        if isinstance(command, Send) and (prior := self._priors.get((command.user, command.nonce))) is not None:
            book.priors[command.user, command.nonce] = prior
        return book

    def _keep(self, book: Book) -> None:
        self._people.update(book.people)
        self._pairs.update(book.pairs)
        for message in book.messages:
            key = ordered(message.pair.low.owner, message.pair.high.owner)
            self._messages[key].append(message)
            self._order[*key, message.n] = next(self._count)
        for entry in book.entries:
            self._logs[entry.owner.id].append(Line(entry.at, entry.peer, entry.event))
        self.reports.extend(book.reports)

    async def trim(self, now: int) -> int:
        self._reach()
        forgotten = 0
        for user, lines in self._logs.items():
            head = self._people[user].head
            # From the oldest on and no further than the first that must stay, for a log has no holes.
            first = next((i for i, line in enumerate(lines) if not _forgettable(line, head, now)), len(lines))
            forgotten += first
            self._logs[user] = lines[first:]
        return forgotten

    async def close(self) -> None:
        self.out_of_reach = True

    # Reading.

    async def revoked(self, users: Iterable[str]) -> dict[str, int]:
        self._reach()
        known = [self._people[user] for user in users if user in self._people]
        return {person.id: person.revoked_at for person in known if person.revoked_at}

    async def heads(self, users: Iterable[str]) -> dict[str, int]:
        self._reach()
        return {user: self._people[user].head for user in users if user in self._people}

    async def log(self, user: str, after: int, limit: int) -> LogPage:
        self._reach()
        lines = self._logs[user]
        head = self._people[user].head if user in self._people else 0
        tail = lines[0].event.seq if lines else head + 1
        if after + 1 < tail:
            return LogPage((), head, tail)
        found = (self._show(user, line) for line in lines if line.event.seq > after)
        return LogPage(fitting(found, _length, limit)[0], head, tail)

    async def arrival(self, user: str, after: int, limit: int) -> Arrival | None:
        page = await MemoryStore.log(self, user, after, limit)
        return Arrival(self._people[user].revoked_at, page) if user in self._people else None

    def _show(self, user: str, line: Line) -> LogEvent:
        event = line.event
        author = event.sender if isinstance(event, events.Message) else getattr(event, "by", user)
        return events.Hidden(seq=event.seq) if author != user and self._blocks(user, line.peer) else event

    async def history(
        self, user: str, peer: str, before: int | None, after: int | None, limit: int
    ) -> MessagePage | None:
        self._reach()
        found = self._messages[ordered(user, peer)]
        if not found:
            return None
        if after is not None:
            found = [message for message in found if message.n > after]
        else:
            found = [message for message in reversed(found) if before is None or message.n < before]
        chosen, more = fitting(found, lambda message: len(message.text), limit)
        shown = [self._part(user, peer, message) for message in sorted(chosen, key=lambda message: message.n)]
        return MessagePage(shown, more)

    async def conversations(self, user: str, folder: str, before: str | None, limit: int) -> ConversationPage:
        self._reach()
        below = _position(before)
        mine = [
            (side.rank, ordered(user, side.peer), pair)
            for pair in self._pairs_of(user)
            if (side := pair.of(user)[0]).folder == folder and pair.last and side.rank < below
        ]
        mine.sort(key=lambda found: found[0], reverse=True)
        fit, more = fitting(mine, lambda found: len(self._messages[found[1]][-1].text), limit)
        return ConversationPage(
            [self._conversation(user, pair) for _, _, pair in fit], str(fit[-1][0]) if more else None
        )

    def _conversation(self, user: str, pair: Pair) -> parts.Conversation:
        side, _ = pair.of(user)
        assert side.folder is not None
        messages = self._messages[ordered(user, side.peer)]
        return parts.Conversation(
            peer=side.peer,
            last=self._part(user, side.peer, messages[-1]),
            unread=sum(message.sender == side.peer and message.n > side.read for message in messages),
            read=side.read,
            peer_read=side.peer_read or None,
            muted=side.muted,
            folder=side.folder,
            blocked=side.blocked,
            name=self._people[side.peer].name,
        )

    async def search(
        self, user: str, query: Sequence[str], peer: str | None, before: str | None, limit: int
    ) -> MessagePage | None:
        self._reach()
        below = _position(before)
        if peer is not None and not self._messages[ordered(user, peer)]:
            return None
        found: list[tuple[int, str, NewMessage]] = []
        for pair in self._pairs_of(user):
            other = pair.of(user)[0].peer
            for message in self._messages[pair.low.owner, pair.high.owner]:
                order = self._order[pair.low.owner, pair.high.owner, message.n]
                shown = message.sender == user or not self._blocks(user, other)
                wanted = peer in (None, other) and order < below
                if shown and wanted and matches(list(query), message.text):
                    found.append((order, other, message))
        found.sort(key=lambda hit: hit[0], reverse=True)
        fit, more = fitting(found, lambda hit: len(hit[2].text), limit)
        hits = [self._part(user, other, message) for _, other, message in fit]
        return MessagePage(hits, more, str(fit[-1][0]) if more else None)

    async def person(self, user: str) -> Person | None:
        self._reach()
        found = self._people.get(user)
        return None if found is None else replace(found)

    async def pair(self, one: str, other: str) -> Pair | None:
        self._reach()
        if one not in self._people or other not in self._people:
            return None
        found = self._pairs.get(ordered(one, other))
        return Pair.between(one, other) if found is None else _copy(found)

    async def follows(self, user: str, *, followers: bool, after: str | None, limit: int) -> UserPage:
        self._reach()
        found = sorted(
            mine.peer
            for pair in self._pairs_of(user)
            for mine, theirs in [pair.of(user)]
            if (theirs if followers else mine).follows and (after is None or mine.peer > after)
        )
        return UserPage(found[:limit], found[limit - 1] if len(found) > limit else None)

    # Shared.

    def _reach(self) -> None:
        if self.out_of_reach:
            raise Unavailable("the memory is out of reach")

    def _pairs_of(self, user: str) -> list[Pair]:
        return [pair for key, pair in self._pairs.items() if user in key]

    def _blocks(self, user: str, peer: str | None) -> bool:
        pair = self._pairs.get(ordered(user, peer)) if peer is not None else None
        return pair is not None and pair.of(user)[0].blocked

    def _part(self, user: str, peer: str, message: NewMessage) -> parts.Message:
        hidden = message.sender == peer and self._blocks(user, peer)
        return parts.Message(
            peer=peer,
            n=message.n,
            sender=message.sender,
            text="" if hidden else message.text,
            at=message.at,
            reply_to=message.reply_to,
            hidden=hidden,
        )


def _position(cursor: str | None) -> float:
    """Pages go down from here. Raises ValueError for what was never the ``next`` of a page."""
    if cursor is None:
        return math.inf
    if not (cursor.isascii() and cursor.isdigit()):
        raise ValueError("not a cursor")
    return int(cursor)


def _forgettable(line: Line, head: int, now: int) -> bool:
    return line.event.seq <= head - limits.LOG_EVENTS and line.at < now - limits.LOG_MILLIS


def _length(event: LogEvent) -> int:
    return len(event.text) if isinstance(event, events.Message) else 0


def _copy(pair: Pair) -> Pair:
    return Pair(replace(pair.low), replace(pair.high), pair.key)
