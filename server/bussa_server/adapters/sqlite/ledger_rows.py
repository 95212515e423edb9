"""Fills a book with the rows that a batch touches, and writes down what the ledger changed.

Runs on the writing thread, inside one transaction. Nobody else writes this file, so people and pairs that were
read stay true and are kept; a transaction that fails throws them away.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import msgspec

from bussa_server.adapters.sqlite.people import read_pair, read_person
from bussa_server.adapters.sqlite.sql import Sql
from bussa_server.domain.book import Book, Carried, NewEntry, Posted, Prior, Refusal
from bussa_server.domain.commands import Command, Send, peer_of
from bussa_server.domain.people import Pair, Person, Side, ordered

KEPT = 50_000
"""People, and pairs, kept in memory (each some 500 bytes); past it the longest kept are read again."""

NONCES = 10_000
"""Nonces known by heart, and as many before those (each some 400 bytes): a send is repeated within seconds, as a
rule."""

_PRIOR = """
SELECT log.seq, people.id, m.text, m.reply_to, m.n, m.at, m.folder FROM log
JOIN messages m ON m.key = log.message JOIN people ON people.key = log.peer
WHERE log.owner = ? AND log.nonce = ?
"""


class RepeatedError(Exception):
    """A nonce was used earlier than those that are known by heart."""


def _person_row(person: Person) -> tuple[Any, ...]:
    door = person.settings
    row = (person.key, person.id, person.name, door.dm_policy, door.knocks, door.read_receipts)
    return *row, person.password, person.revoked_at


def _side_row(side: Side) -> tuple[Any, ...]:
    flags = (side.accepted, side.refused, side.blocked, side.muted)
    return side.folder, *flags, side.read, side.peer_read, side.rank


class LedgerRows:
    """The rows of the ledger on one connection, with what was read before kept in memory."""

    def __init__(self, connection: Sql) -> None:
        self._connection = connection
        # Ordered, because the oldest leave first: a plain dict would walk over all who have left before.
        self._people: OrderedDict[str, Person] = OrderedDict()
        self._pairs: OrderedDict[tuple[str, str], Pair] = OrderedDict()
        self._recent: dict[tuple[str, str], Prior] = {}
        self._older: dict[tuple[str, str], Prior] = {}
        """What the newest nonces were used for, and those before them, which are let go of all at once."""
        self._loaded: list[tuple[Book, tuple[int, int, int]]] = []
        """The books of the transaction that is open, and the newest keys before each of them."""
        newest = "SELECT coalesce(max(key), 0) FROM "
        self._person_key: int = connection.execute(newest + "people").get
        self._pair_key: int = connection.execute(newest + "pairs").get
        self.message_key: int = connection.execute(newest + "messages").get
        """The key of the newest message."""

    def begin(self) -> None:
        """A transaction begins: what was loaded before it is committed."""
        self._loaded.clear()

    def forget(self) -> None:
        """Throw away what is kept of the transaction: it has failed, and the ledger had already changed it."""
        while self._loaded:
            self.forget_last()

    def forget_last(self) -> None:
        """The same for the book that was loaded last. Reads nothing: the disk may be what has failed."""
        book, (self._person_key, self._pair_key, self.message_key) = self._loaded.pop()
        for user in book.people:
            self._people.pop(user, None)
        for key in book.pairs:
            self._pairs.pop(key, None)
        for nonce in book.priors:
            self._recent.pop(nonce, None)
            self._older.pop(nonce, None)

    def load(self, batch: Sequence[Command], *, careful: bool) -> Book:
        """A book with all rows that ``batch`` touches.

        Almost every nonce is new, and to look each one up would cost as much as a row. So only the newest are
        known by heart. If one was used earlier than those, `look_again` finds it, or `save` meets the index and
        fails; the batch is carried out again then, ``careful``: with every nonce looked up.
        """
        book = Book()
        self._loaded.append((book, (self._person_key, self._pair_key, self.message_key)))
        people, pairs, recent, older = book.people, book.pairs, self._recent, self._older
        for command in batch:
            user = people.get(command.user) or self._load_person(book, command.user)
            peer = peer_of(command)
            if peer is None or peer == command.user:
                continue
            other = people.get(peer) or self._load_person(book, peer)
            if user is None or other is None:
                continue
            if ordered(user.id, peer) not in pairs:
                self._load_pair(book, user, other)
            if isinstance(command, Send):
                key = (user.id, command.nonce)
                prior = recent.get(key) or older.get(key)
                if prior is not None:
                    book.priors[key] = prior
                elif careful:
                    self._load_prior(book, user, command.nonce)
        return book

    def _load_person(self, book: Book, user: str) -> Person | None:
        person = self._people.get(user)
        if person is None:
            person = read_person(self._connection, user)
            if person is None:
                return None
            self._people[user] = person
        book.people[user] = person
        return person

    def _load_pair(self, book: Book, one: Person, other: Person) -> None:
        key = ordered(one.id, other.id)
        pair = self._pairs.get(key)
        if pair is None:
            pair = self._pairs[key] = read_pair(self._connection, one, other)
        book.pairs[key] = pair

    def _load_prior(self, book: Book, user: Person, nonce: str) -> None:
        row = self._connection.execute(_PRIOR, (user.key, nonce)).fetchone()
        if row is not None:
            seq, peer, text, reply_to, n, at, folder = row
            book.priors[user.id, nonce] = Prior(peer, text, reply_to, Posted(peer, n, seq, at, folder))

    def look_again(self, book: Book, batch: Sequence[Command], outcomes: Sequence[Carried]) -> None:
        """A message that is refused meets no index; but had it been let in before, then that is its answer.

        Raises:
            RepeatedError: a nonce of ``batch`` was used before, and ``book`` did not know.
        """
        for command, outcome in zip(batch, outcomes, strict=True):
            if isinstance(command, Send) and isinstance(outcome.result, Refusal):
                user = book.people.get(command.user)
                key = (command.user, command.nonce)
                if user is not None and key not in book.priors:
                    self._load_prior(book, user, command.nonce)
                    if key in book.priors:
                        raise RepeatedError

    def save(self, book: Book) -> None:
        """Write down what the ledger changed in ``book``."""
        # People first, then pairs, then what refers to them.
        if book.changed_people:
            self._save_people(book)
        for message in book.messages:
            if message.pair.key == 0:
                self._save_pair(message.pair, book)
        if book.changed_sides:
            self._save_sides(book)
        if book.changed_follows:
            self._save_follows(book)
        if book.entries:
            self._save_entries(book)
        if book.reports:
            self._save_reports(book)
        self._keep(book)

    def _save_people(self, book: Book) -> None:
        for person in book.changed_people.values():
            if person.key == 0:
                self._person_key += 1
                person.key = self._person_key
                self._people[person.id] = person
        self._connection.executemany(
            "INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET name = excluded.name,"
            " dm_policy = excluded.dm_policy, knocks = excluded.knocks, read_receipts = excluded.read_receipts,"
            " password = excluded.password, revoked_at = excluded.revoked_at",
            [_person_row(person) for person in book.changed_people.values()],
        )

    def _save_pair(self, pair: Pair, book: Book) -> None:
        self._pair_key += 1
        pair.key = self._pair_key
        low, high = book.people[pair.low.owner].key, book.people[pair.high.owner].key
        self._connection.execute("INSERT INTO pairs VALUES (?, ?, ?)", (pair.key, low, high))

    def _save_sides(self, book: Book) -> None:
        rows: list[tuple[Any, ...]] = []
        for side in book.changed_sides.values():
            pair = book.pair(side.owner, side.peer)
            if pair.key == 0:
                self._save_pair(pair, book)
            rows.append((book.people[side.owner].key, book.people[side.peer].key, pair.key, *_side_row(side)))
        self._connection.executemany("INSERT OR REPLACE INTO sides VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _save_follows(self, book: Book) -> None:
        for users, follows in book.changed_follows.items():
            change = "INSERT OR IGNORE INTO follows VALUES (?, ?)"
            if not follows:
                change = "DELETE FROM follows WHERE follower = ? AND followee = ?"
            self._connection.execute(change, users)

    def _save_entries(self, book: Book) -> None:
        people = book.people
        for key, message in enumerate(book.messages, self.message_key + 1):
            message.key = key
        self.message_key += len(book.messages)
        if book.messages:
            self._connection.executemany(
                "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (m.key, m.pair.key, m.n, m.k, people[m.sender].key, m.folder, m.at, m.reply_to, m.text)
                    for m in book.messages
                ],
            )

        def row(entry: NewEntry) -> tuple[Any, ...]:
            peer = None if entry.peer is None else people[entry.peer].key
            message, event = entry.message, entry.event
            if message is not None:
                return (entry.owner.key, event.seq, entry.at, peer, message.key, None, entry.nonce)
            return (entry.owner.key, event.seq, entry.at, peer, None, msgspec.json.encode(event), entry.nonce)

        self._connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", [row(e) for e in book.entries])

    def _save_reports(self, book: Book) -> None:
        self._connection.executemany(
            "INSERT INTO reports (reporter, peer, n, reason, at) VALUES (?, ?, ?, ?, ?)",
            [(book.people[r.user].key, book.people[r.peer].key, r.n, r.reason, r.at) for r in book.reports],
        )

    def _keep(self, book: Book) -> None:
        """Keep the pairs that the batch made, and let go of the longest kept where there are too many."""
        if book.changed_people:
            # A pair that was not loaded is that of somebody whom this batch has created.
            self._pairs.update(book.pairs)
        self._recent.update(book.priors)
        if len(self._recent) >= NONCES:
            self._recent, self._older = {}, self._recent
        while len(self._people) > KEPT:
            self._people.popitem(last=False)
        while len(self._pairs) > KEPT:
            self._pairs.popitem(last=False)
