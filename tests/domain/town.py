"""Some people and everything they have done, on one book that is never closed: the ledger without a store."""

from copy import deepcopy
from typing import Any

from msgspec import to_builtins

from bussa_protocol.frames.events import LogEvent
from bussa_protocol.frames.parts import Settings, SettingsChange
from bussa_protocol.ids import Folder, Policy
from bussa_server.domain import commands
from bussa_server.domain.book import Book, Carried, Refusal, Result, Taken
from bussa_server.domain.commands import Command
from bussa_server.domain.ledger import carry_out
from bussa_server.domain.people import Pair, Person, Side

NOW = 1_764_000_000_000


STORED = ("folder", "accepted", "refused", "blocked", "muted", "read", "peer_read", "rank")
"""What a store writes down of a side only if the book says that the side has changed."""


class Town:
    def __init__(self, *users: str, policy: Policy = "anyone", knocks: bool = False) -> None:
        self.book = Book()
        self.now = NOW
        self._nonces = 0
        for user in users:
            self.book.people[user] = Person(user, user.title(), Settings(dm_policy=policy, knocks=knocks))

    def do(self, command: Command) -> Carried:
        """Carry a command out, a second after the last one, and see that the book tells a store what has changed."""
        self.now += 1000
        book, before = self.book, _rows(self.book)
        for changed in (book.changed_people, book.changed_sides, book.changed_follows):
            changed.clear()
        carried = carry_out(book, command, self.now)
        if isinstance(carried.result, Refusal | Taken):
            assert _rows(book) == before, "a refused command has changed something"
            assert carried.entries == ()
        else:
            _told(book, *before[0])
        return carried

    def send(
        self, user: str, to: str, text: str = "ciao", *, nonce: str | None = None, reply_to: int | None = None
    ) -> Result:
        self._nonces += 1
        nonce = f"nonce {self._nonces}" if nonce is None else nonce
        return self.do(commands.Send(user, to, text, nonce, reply_to)).result

    def accept(self, user: str, peer: str) -> Result:
        return self.do(commands.Accept(user, peer)).result

    def decline(self, user: str, peer: str) -> Result:
        return self.do(commands.Decline(user, peer)).result

    def block(self, user: str, peer: str, blocked: bool = True) -> Result:
        return self.do(commands.Block(user, peer, blocked)).result

    def mute(self, user: str, peer: str, muted: bool = True) -> Result:
        return self.do(commands.Mute(user, peer, muted)).result

    def report(self, user: str, peer: str, n: int | None = None, block: bool = False) -> Result:
        return self.do(commands.Report(user, peer, "abuse", n, block)).result

    def read(self, user: str, peer: str, n: int) -> Result:
        return self.do(commands.MarkRead(user, peer, n)).result

    def follow(self, user: str, peer: str, follows: bool = True) -> Result:
        return self.do(commands.Follow(user, peer, follows)).result

    def settings(self, user: str, **change: Any) -> Result:
        return self.do(commands.ChangeSettings(user, SettingsChange(**change))).result

    def log(self, user: str) -> list[LogEvent]:
        return [entry.event for entry in self.book.entries if entry.owner.id == user]

    def told(self, user: str) -> list[dict[str, Any]]:
        """The log of a user as a client gets it, without the seqs."""
        return [without_seq(event) for event in self.log(user)]

    def side(self, owner: str, peer: str) -> Side:
        return self.book.pair(owner, peer).of(owner)[0]

    def folder(self, owner: str, peer: str) -> Folder | None:
        return self.side(owner, peer).folder


def _rows(book: Book) -> tuple[Any, ...]:
    """Everything that a command may change; a pair of two who have nothing to do with each other is no row."""
    pairs = {key: pair for key, pair in book.pairs.items() if pair != Pair.between(*key)}
    return deepcopy((book.people, pairs)), len(book.messages), len(book.entries), len(book.reports)


def _told(book: Book, people: dict[str, Person], pairs: dict[tuple[str, str], Pair]) -> None:
    """What the book does not name as changed, no store writes down."""
    for name, person in book.people.items():
        kept = ("name", "settings", "password", "revoked_at")
        if name not in people or any(getattr(person, field) != getattr(people[name], field) for field in kept):
            assert book.changed_people[name] is person
    for key, pair in book.pairs.items():
        was = pairs.get(key, Pair.between(*key))
        for side, old in ((pair.low, was.low), (pair.high, was.high)):
            if any(getattr(side, field) != getattr(old, field) for field in STORED):
                assert book.changed_sides[side.owner, side.peer] is side
            if side.follows != old.follows:
                assert book.changed_follows[side.owner, side.peer] == side.follows


def without_seq(event: LogEvent) -> dict[str, Any]:
    return {name: value for name, value in to_builtins(event).items() if name != "seq"}


def code(result: Result) -> str:
    """The code of a refusal; of anything else an assertion fails."""
    assert isinstance(result, Refusal), result
    return result.code.value
