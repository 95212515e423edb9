"""Who there is, and who follows whom."""

from msgspec import UNSET, UnsetType, structs

from bussa_server.domain import commands
from bussa_server.domain.book import Book, Carried, Entry, PersonDone
from bussa_server.domain.ledger.door import set_door
from bussa_server.domain.ledger.refusals import NO_USER, TAKEN
from bussa_server.domain.ledger.shared import DONE, two_people
from bussa_server.domain.people import Person


def follow(book: Book, command: commands.Follow, now: int) -> Carried:
    found = two_people(book, command.user, command.peer)
    if isinstance(found, Carried):
        return found
    user, peer, pair = found
    mine, _ = pair.of(user.id)
    if mine.follows != command.follows:
        mine.follows = command.follows
        book.changed_follows[user.id, peer.id] = command.follows
    return DONE


def sign_up(book: Book, command: commands.SignUp, now: int) -> Carried:
    if command.user in book.people:
        return TAKEN
    person = Person(command.user, command.name, password=command.password)
    book.people[person.id] = book.changed_people[person.id] = person
    return Carried(PersonDone(True, person.name, person.settings, person.revoked_at))


def put_person(book: Book, command: commands.PutPerson, now: int) -> Carried:
    change, person = command.change, book.people.get(command.user)
    created = person is None
    if person is None:
        person = book.people[command.user] = Person(command.user, command.user)
        book.changed_people[person.id] = person
    if not isinstance(change.name, UnsetType) and change.name != person.name:
        person.name = change.name
        book.changed_people[person.id] = person
    door = {
        name: getattr(change, name)
        for name in ("dm_policy", "knocks", "read_receipts")
        if getattr(change, name) is not UNSET
    }
    settings = structs.replace(person.settings, **door)
    entries: tuple[Entry, ...] = ()
    if settings != person.settings:
        if created:
            person.settings = settings  # a log begins with what happens, not with how it was made
        else:
            entries = (set_door(book, person, settings, now),)
    return Carried(PersonDone(created, person.name, settings, person.revoked_at), entries)


def revoke(book: Book, command: commands.Revoke, now: int) -> Carried:
    person = book.people.get(command.user)
    if person is None:
        return NO_USER
    # Two revocations within one millisecond are two: a token made between them counts as revoked.
    person.revoked_at = max(now, person.revoked_at + 1)
    book.changed_people[person.id] = person
    return Carried(PersonDone(False, person.name, person.settings, person.revoked_at))
