"""What the deeds share: finding the two people, numbering, appending to a log."""

from bussa_protocol.frames.events import LogEvent
from bussa_server.domain.book import Book, Carried, Done, Entry, NewEntry
from bussa_server.domain.ledger.refusals import NO_CONVERSATION, NO_USER, SELF
from bussa_server.domain.people import Pair, Person

DONE = Carried(Done())
"""Nothing was to be changed, so nothing was appended."""


def number(person: Person) -> int:
    person.head += 1
    return person.head


def append(book: Book, owner: Person, peer: str | None, event: LogEvent, now: int) -> Entry:
    book.entries.append(NewEntry(owner, now, peer, event, None, None))
    return Entry(owner.id, event)


def two_people(book: Book, user: str, peer: str) -> tuple[Person, Person, Pair] | Carried:
    if user == peer:
        return SELF
    one, other = book.people.get(user), book.people.get(peer)
    if one is None or other is None:
        return NO_USER
    return one, other, book.pair(user, peer)


def conversation(book: Book, user: str, peer: str) -> tuple[Person, Person, Pair] | Carried:
    found = two_people(book, user, peer)
    return found if isinstance(found, Carried) or found[2].last else NO_CONVERSATION
