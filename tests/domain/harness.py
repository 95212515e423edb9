"""The handlers without a store: users, and everything they do, on one unit of work that is never saved."""

from copy import deepcopy
from typing import Any

from msgspec import to_builtins

from bussa_protocol.frames.events import LogEvent
from bussa_protocol.frames.parts import Settings, SettingsChange
from bussa_protocol.ids import Folder, Policy
from bussa_server.domain.commands import Command
from bussa_server.domain.handlers import handle, rows_of
from bussa_server.domain.relations import FollowEdge
from bussa_server.domain.rows import R, Row, RowKey
from bussa_server.domain.unit_of_work import Outcome, Refusal, Result, Taken, UnitOfWork
from bussa_server.domain.users import Conversation, Participant, User
from tests import commands

NOW = 1_764_000_000_000


STORED_FIELDS = ("folder", "accepted", "refused", "blocked", "muted", "read", "peer_read", "sort_seq")
"""The fields of a participant that a store saves only if the unit of work marks the participant as changed."""


class Harness:
    def __init__(self, *users: str, policy: Policy = "anyone", knocks: bool = False) -> None:
        self.uow = UnitOfWork()
        self.rows: dict[RowKey, Row] = {}
        """The declared rows, as a store would have them."""
        self.now = NOW
        self._nonces = 0
        for user in users:
            self.uow.users[user] = User(user, user.title(), Settings(dm_policy=policy, knocks=knocks))

    def do(self, command: Command) -> Outcome:
        """Apply a command, a second after the last one, and check that the unit of work marks what has changed."""
        self.now += 1000
        uow = self.uow
        for changed in (uow.changed_users, uow.changed_participants, uow.changed_rows):
            changed.clear()
        uow.loaded_rows = {name: self.rows.get(name) for name in rows_of(command)}
        before = _snapshot(uow)
        outcome = handle(uow, command, self.now)
        if isinstance(outcome.result, Refusal | Taken):
            assert _snapshot(uow) == before, "a refused command changed something"
            assert outcome.entries == ()
        else:
            _check_changes_are_marked(uow, *before[0])
        self._save_rows()
        return outcome

    def _save_rows(self) -> None:
        for name, row in self.uow.changed_rows.items():
            if row is None:
                self.rows.pop(name, None)
            else:
                self.rows[name] = row

    def rows_of(self, kind: type[R]) -> list[R]:
        """All declared rows of a class."""
        return [row for row in self.rows.values() if isinstance(row, kind)]

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
        return [entry.event for entry in self.uow.entries if entry.owner.id == user]

    def events(self, user: str) -> list[dict[str, Any]]:
        """The log of a user as a client receives it, without the seqs."""
        return [without_seq(event) for event in self.log(user)]

    def participant(self, owner: str, peer: str) -> Participant:
        return self.uow.conversation(owner, peer).participants(owner)[0]

    def folder(self, owner: str, peer: str) -> Folder | None:
        return self.participant(owner, peer).folder


def _snapshot(uow: UnitOfWork) -> tuple[Any, ...]:
    """Everything that a command may change; a conversation without any state is not a row."""
    conversations = {
        key: conversation
        for key, conversation in uow.conversations.items()
        if conversation != Conversation.between(*key)
    }
    return deepcopy((uow.users, conversations)), len(uow.messages), len(uow.entries), dict(uow.changed_rows)


def _check_changes_are_marked(
    uow: UnitOfWork, users: dict[str, User], conversations: dict[tuple[str, str], Conversation]
) -> None:
    """Check that every change is marked: a store saves only what is marked."""
    for name, user in uow.users.items():
        kept = ("name", "settings", "password", "revoked_at")
        if name not in users or any(getattr(user, field) != getattr(users[name], field) for field in kept):
            assert uow.changed_users[name] is user
    for key, conversation in uow.conversations.items():
        was = conversations.get(key, Conversation.between(*key))
        for participant, old in ((conversation.low, was.low), (conversation.high, was.high)):
            if any(getattr(participant, field) != getattr(old, field) for field in STORED_FIELDS):
                assert uow.changed_participants[participant.owner, participant.peer] is participant
            if participant.follows != old.follows:
                edge = FollowEdge(participant.owner, participant.peer)
                assert uow.changed_rows[FollowEdge, (edge.follower, edge.followee)] == (
                    edge if participant.follows else None
                )


def without_seq(event: LogEvent) -> dict[str, Any]:
    return {name: value for name, value in to_builtins(event).items() if name != "seq"}


def code(result: Result) -> str:
    """The code of a refusal; any other result fails the assertion."""
    assert isinstance(result, Refusal), result
    return result.code.value
