"""Writes the script that saves what the ledger changed in a book. Pure: what it returns is sent elsewhere."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from bussa_server.adapters.postgres.sql import numbers, octets, run
from bussa_server.domain.book import Book
from bussa_server.domain.people import Person


def saving(book: Book, keys: Sequence[int], words: dict[str, str], now: int) -> str:
    """A script that writes down what the ledger changed in ``book`` at ``now`` (ms); empty for nothing.

    ``keys`` are for users whom it has created, ``words`` the index's words of each text.

    Raises:
        UnicodeEncodeError: something that a client chose holds half a surrogate pair.
    """
    script: list[str] = []
    if book.changed_people:
        script += _save_people(book, keys)
    grown = {entry.owner.id: entry.owner for entry in book.entries if entry.owner.id not in book.changed_people}
    if grown:
        people = grown.values()
        heads = numbers(person.head for person in people)
        script.append(run("set_heads", _keys(people), heads, octets(person.newest for person in people)))
    script += _save_sides(book)
    if book.changed_follows:
        script += _save_follows(book)
    if book.messages:
        script.append(_save_messages(book, words, now))
    script += _save_events(book, now)
    if book.reports:
        script.append(_save_reports(book, now))
    return "".join(script)


def _keys(people: Iterable[Person]) -> str:
    return numbers(person.key for person in people)


def _save_people(book: Book, keys: Sequence[int]) -> list[str]:
    script: list[str] = []
    new = [person for person in book.changed_people.values() if person.key == 0]
    known = [person for person in book.changed_people.values() if person.key != 0]
    for person, key in zip(new, keys, strict=False):
        person.key = key
    if new:
        ids, passwords = octets(person.id for person in new), octets(person.password for person in new)
        script.append(run("add_people", *_people_columns(new), ids, passwords))
    if known:
        script.append(run("set_doors", *_people_columns(known)))
    return script


def _people_columns(people: Sequence[Person]) -> list[str]:
    doors = [person.settings for person in people]
    return [
        _keys(people),
        octets(person.name for person in people),
        octets(door.dm_policy for door in doors),
        numbers(door.knocks for door in doors),
        numbers(door.read_receipts for door in doors),
        numbers(person.revoked_at for person in people),
        numbers(person.head for person in people),
        octets(person.newest for person in people),
    ]


def _save_sides(book: Book) -> list[str]:
    script: list[str] = []
    people, sides = book.people, list(book.changed_sides.values())
    if sides:
        script.append(
            run(
                "set_sides",
                numbers(people[side.owner].key for side in sides),
                numbers(people[side.peer].key for side in sides),
                octets(side.folder for side in sides),
                *(numbers(flags) for flags in _columns(sides, "accepted", "refused", "blocked", "muted")),
                *(numbers(counts) for counts in _columns(sides, "wrote", "read", "peer_read", "rank")),
            )
        )
    written = {(message.sender, message.pair.of(message.sender)[0].peer) for message in book.messages}
    counted = [book.pair(*names).of(names[0])[0] for names in written if names not in book.changed_sides]
    if counted:
        owners = numbers(people[side.owner].key for side in counted)
        peers = numbers(people[side.peer].key for side in counted)
        script.append(run("set_wrote", owners, peers, numbers(side.wrote for side in counted)))
    return script


def _columns(rows: Sequence[Any], *names: str) -> list[list[Any]]:
    return [[getattr(row, name) for row in rows] for name in names]


def _save_follows(book: Book) -> list[str]:
    script: list[str] = []
    for wanted, statement in ((True, "add_follows"), (False, "drop_follows")):
        changed = [pair for pair, follows in book.changed_follows.items() if follows is wanted]
        if changed:
            follower, followee = zip(*changed, strict=True)
            script.append(run(statement, octets(follower), octets(followee)))
    return script


def _save_messages(book: Book, words: dict[str, str], now: int) -> str:
    people, messages = book.people, book.messages
    recipients = [message.pair.of(message.sender)[1].owner for message in messages]
    sent: dict[int, tuple[int, str | None]] = {}
    received: dict[int, int] = {}
    for entry in book.entries:
        if entry.message is None:
            continue
        if entry.owner.id == entry.message.sender:
            sent[id(entry.message)] = entry.event.seq, entry.nonce
        else:
            received[id(entry.message)] = entry.event.seq

    def column(name: str) -> list[Any]:
        return [getattr(message, name) for message in messages]

    return run(
        "add_messages",
        str(now),
        numbers(people[message.sender].key for message in messages),
        numbers(people[recipient].key for recipient in recipients),
        numbers(column("n")),
        numbers(column("k")),
        octets(column("folder")),
        numbers(column("reply_to")),
        octets(column("text")),
        octets(words[message.text] for message in messages),
        numbers(sent[id(message)][0] for message in messages),
        numbers(received[id(message)] for message in messages),
        octets(sent[id(message)][1] for message in messages),
    )


def _save_events(book: Book, now: int) -> list[str]:
    entries = [entry for entry in book.entries if entry.message is None]
    if not entries:
        return []
    return [
        run(
            "add_events",
            str(now),
            numbers(entry.owner.key for entry in entries),
            numbers(entry.event.seq for entry in entries),
            numbers(None if entry.peer is None else book.people[entry.peer].key for entry in entries),
            octets(msgspec.json.encode(entry.event) for entry in entries),
        )
    ]


def _save_reports(book: Book, now: int) -> str:
    return run(
        "add_reports",
        str(now),
        numbers(book.people[report.user].key for report in book.reports),
        numbers(book.people[report.peer].key for report in book.reports),
        numbers(report.n for report in book.reports),
        octets(report.reason for report in book.reports),
    )
