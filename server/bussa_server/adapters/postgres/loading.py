"""Fills a book with the rows that a batch touches.

Nothing is kept from one batch to the next: other nodes write to the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bussa_protocol.frames.parts import Settings
from bussa_server.adapters.postgres.sql import Connection, octets, run, storable
from bussa_server.adapters.postgres.statements import LOAD
from bussa_server.domain.book import Book, Posted, Prior
from bussa_server.domain.commands import Command, PutPerson, Send, SignUp, peer_of
from bussa_server.domain.people import Pair, Person, Side, ordered
from bussa_server.domain.words import words


@dataclass(frozen=True, slots=True)
class Asked:
    """What a batch needs to know, and what can be found out before anything is locked."""

    ids: Sequence[str]
    pairs: Sequence[tuple[str, str]]
    nonces: Sequence[tuple[str, str]]
    creating: int
    """How many users the batch may create."""
    words: dict[str, str]
    """The words of each text, with blanks between them."""

    def locking(self) -> str:
        """A script that begins the transaction and locks the log rows."""
        return "BEGIN;\n" + run("lock_people", octets(self.ids))


def ask(batch: Sequence[Command]) -> Asked:
    """Look through a batch. Takes some microseconds a command, and milliseconds for the longest texts.

    Raises:
        UnicodeEncodeError: a text holds half a surrogate pair.
    """
    pairs = {ordered(command.user, peer) for command in batch if (peer := peer_of(command)) is not None}
    ids = {command.user for command in batch} | {id for pair in pairs for id in pair}
    sends = [command for command in batch if isinstance(command, Send)]
    return Asked(
        ids=sorted(storable(ids)),
        pairs=[pair for pair in pairs if pair[0] != pair[1] and len(storable(pair)) == 2],
        nonces=list({(send.user, send.nonce) for send in sends if storable([send.user])}),
        creating=sum(isinstance(command, (SignUp, PutPerson)) for command in batch),
        words={text: " ".join(words(text)) for text in {send.text for send in sends}},
    )


async def load(connection: Connection, asked: Asked) -> tuple[Book, list[int]]:
    """A book with all rows that were asked for, and keys for the users whom the batch may create.

    Goes after `Asked.locking`, in its transaction.
    """
    rows = await connection.fetch(
        LOAD,
        [low for low, _ in asked.pairs],
        [high for _, high in asked.pairs],
        [user for user, _ in asked.nonces],
        [nonce.encode() for _, nonce in asked.nonces],
        asked.creating,
    )
    book, keys = Book(), list[int]()
    for kind, row in rows:
        match kind:
            case "person":
                person = person_of(*row)
                book.people[person.id] = person
            case "pair":
                book.pairs[row[0], row[1]] = pair_of(*row)
            case "prior":
                user, nonce, seq, peer, text, reply_to, n, at, folder = row
                posted = Posted(peer, n, seq, at, folder)
                book.priors[user, nonce.decode()] = Prior(peer, text.decode(), reply_to, posted)
            case _:
                keys.append(row[0])
    return book, keys


def person_of(
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
) -> Person:
    settings = Settings(dm_policy=dm_policy, knocks=knocks, read_receipts=read_receipts)
    return Person(id, name.decode(), settings, head, newest, password, revoked_at, key)


def pair_of(low: str, high: str, *columns: Any) -> Pair:
    """A pair from the columns of its two sides: the lower one's, then the higher one's."""
    return Pair(_side_of(low, high, *columns[:10]), _side_of(high, low, *columns[10:]))


def _side_of(
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
) -> Side:
    if accepted is None:  # there is no row
        return Side(owner, peer, follows=bool(follows))
    return Side(owner, peer, folder, accepted, refused, blocked, muted, bool(follows), wrote, read, peer_read, rank)
