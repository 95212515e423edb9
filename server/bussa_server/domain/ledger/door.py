"""What a user decides about a peer, and about everybody."""

from typing import Any

from msgspec import UNSET, structs

from bussa_protocol.frames import events
from bussa_server.domain import commands
from bussa_server.domain.book import Book, Carried, Done, Entry, NewReport, SettingsDone
from bussa_server.domain.ledger.refusals import NO_MESSAGE, NO_USER
from bussa_server.domain.ledger.shared import DONE, append, conversation, number, two_people
from bussa_server.domain.people import Pair, Person


def accept(book: Book, command: commands.Accept, now: int) -> Carried:
    found = conversation(book, command.user, command.peer)
    if isinstance(found, Carried):
        return found
    user, _, pair = found
    return _alter(book, user, pair, now, folder="inbox", accepted=True, refused=False)


def decline(book: Book, command: commands.Decline, now: int) -> Carried:
    found = conversation(book, command.user, command.peer)
    if isinstance(found, Carried):
        return found
    user, _, pair = found
    return _alter(book, user, pair, now, folder="declined", accepted=False, refused=True)


def report(book: Book, command: commands.Report, now: int) -> Carried:
    found = conversation(book, command.user, command.peer)
    if isinstance(found, Carried):
        return found
    user, peer, pair = found
    if command.n is not None and command.n > pair.last:
        return NO_MESSAGE
    book.reports.append(NewReport(user.id, peer.id, command.n, command.reason, now))
    blocked = command.block or pair.of(user.id)[0].blocked
    return _alter(book, user, pair, now, folder="declined", accepted=False, refused=True, blocked=blocked)


def block(book: Book, command: commands.Block, now: int) -> Carried:
    found = two_people(book, command.user, command.peer)
    if isinstance(found, Carried):
        return found
    user, _, pair = found
    return _alter(book, user, pair, now, blocked=command.blocked)


def mute(book: Book, command: commands.Mute, now: int) -> Carried:
    found = two_people(book, command.user, command.peer)
    if isinstance(found, Carried):
        return found
    user, _, pair = found
    return _alter(book, user, pair, now, muted=command.muted)


def _alter(book: Book, user: Person, pair: Pair, now: int, **wanted: Any) -> Carried:
    """Set attributes of the user's side of ``pair`` and log what it looks like then, if anything is new."""
    side, _ = pair.of(user.id)
    if all(getattr(side, name) == value for name, value in wanted.items()):
        return DONE
    for name, value in wanted.items():
        setattr(side, name, value)
    book.touch(side)
    seq = number(user)
    event = events.Conversation(seq=seq, peer=side.peer, folder=side.folder, muted=side.muted, blocked=side.blocked)
    return Carried(Done(seq), (append(book, user, side.peer, event, now),))


def change_settings(book: Book, command: commands.ChangeSettings, now: int) -> Carried:
    user = book.people.get(command.user)
    if user is None:
        return NO_USER
    change = {name: value for name, value in structs.asdict(command.change).items() if value is not UNSET}
    settings = structs.replace(user.settings, **change)
    if settings == user.settings:
        return Carried(SettingsDone(settings, None))
    entry = set_door(book, user, settings, now)
    return Carried(SettingsDone(settings, entry.event.seq), (entry,))


def set_door(book: Book, user: Person, settings: events.SettingsPart, now: int) -> Entry:
    user.settings = settings
    book.changed_people[user.id] = user
    return append(book, user, None, events.Settings(seq=number(user), settings=settings), now)
