"""The contract, told slowly: remembers what happened and reads all of it again for every question.

Written from the contract's page and sharing nothing with the ledger, so that the two can be compared. A deed
returns what its user is answered and what is appended to whose log, or the code of its refusal.
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from bussa_protocol.frames.parts import Settings
from bussa_server.domain import commands
from bussa_server.domain.commands import Command

Code = str
Told = tuple[str, dict[str, Any]]
"""A user, and an event of that user's log without its seq."""


class Deed(NamedTuple):
    """Something that was carried out: ``user`` did ``kind`` to ``peer``."""

    kind: Literal[
        "wrote", "accepted", "declined", "block", "unblock", "mute", "unmute", "follow", "unfollow", "read", "was told"
    ]
    user: str
    peer: str
    n: int = 0
    folder: str = ""


class Answer(NamedTuple):
    value: Any
    told: list[Told]


class Contract:
    def __init__(self) -> None:
        self.doors: dict[str, Settings] = {}
        self.past: list[Deed] = []
        self.nonces: dict[tuple[str, str], tuple[commands.Send, Any]] = {}

    # What is so.

    def last(self, user: str, peer: str, *kinds: str) -> int:
        """When ``user`` last did one of ``kinds`` to ``peer``; -1: never."""
        times = [i for i, deed in enumerate(self.past) if deed[1:3] == (user, peer) and deed.kind in kinds]
        return max(times, default=-1)

    def is_on(self, user: str, peer: str, on: str, off: str) -> bool:
        return self.last(user, peer, on) > self.last(user, peer, off)

    def blocks(self, user: str, peer: str) -> bool:
        return self.is_on(user, peer, "block", "unblock")

    def messages(self, one: str, other: str) -> Iterator[Deed]:
        return (deed for deed in self.past if deed.kind == "wrote" and {deed.user, deed.peer} == {one, other})

    def folder(self, owner: str, peer: str) -> str | None:
        """Where the owner keeps the conversation: the newest thing that put it somewhere says it."""
        for deed in reversed(self.past):
            if deed.kind in ("accepted", "declined") and deed[1:3] == (owner, peer):
                return "inbox" if deed.kind == "accepted" else "declined"
            if deed.kind == "wrote" and deed[1:3] == (owner, peer):
                return "inbox"
            if deed.kind == "wrote" and deed[1:3] == (peer, owner):
                return deed.folder
        return None

    def fate(self, s: str, r: str) -> str:
        """What becomes of a message of S to R: a folder, or the code of a refusal."""
        if self.blocks(r, s) or self.blocks(s, r):
            return "not_allowed"
        if self.last(r, s, "declined") > self.last(r, s, "accepted", "wrote"):
            return "not_allowed"
        if self.last(r, s, "wrote", "accepted") >= 0:
            return "inbox"
        follower, followed = self.is_on(s, r, "follow", "unfollow"), self.is_on(r, s, "follow", "unfollow")
        opens = {"anyone": True, "followers": follower, "following": followed, "mutuals": follower and followed}
        if opens.get(self.doors[r].dm_policy, False):
            return "inbox"
        if self.doors[r].knocks:
            return "awaiting_acceptance" if self.folder(r, s) == "requests" else "requests"
        return "not_allowed"

    # What is done.

    def do(self, command: Command, now: int) -> Answer | Code:
        user, peer = command.user, getattr(command, "peer", getattr(command, "to", None))
        if user == peer:
            return "bad_request"
        if isinstance(command, commands.Send) and (user, command.nonce) in self.nonces:
            first, answer = self.nonces[user, command.nonce]
            return Answer(answer, []) if first == command else "conflict"
        if user not in self.doors or peer not in (None, *self.doors):
            return "not_found"
        match command:
            case commands.Send():
                return self._send(command, now)
            case commands.ChangeSettings(change=change):
                return self._set(user, {name: getattr(change, name) for name in change.__struct_fields__})
            case commands.Follow(peer=peer, follows=follows):
                self._past("follow" if follows else "unfollow", user, peer)
                return Answer(None, [])
            case commands.Block(peer=peer, blocked=blocked):
                return self._altered(user, peer, "block" if blocked else "unblock")
            case commands.Mute(peer=peer, muted=muted):
                return self._altered(user, peer, "mute" if muted else "unmute")
        assert isinstance(peer, str)
        last = sum(1 for _ in self.messages(user, peer))
        if last == 0 or (getattr(command, "n", None) or 0) > last:
            return "not_found"
        match command:
            case commands.MarkRead(n=n):
                return self._read(user, peer, n)
            case commands.Accept():
                return self._altered(user, peer, "accepted")
            case commands.Decline():
                return self._altered(user, peer, "declined")
            case commands.Report(block=block):
                return self._altered(user, peer, "declined", *(["block"] if block else []))
        raise AssertionError(command)

    def _past(self, kind: Any, user: str, peer: str, n: int = 0, folder: str = "") -> None:
        self.past.append(Deed(kind, user, peer, n, folder))

    def _send(self, command: commands.Send, now: int) -> Answer | Code:
        user, to, reply_to = command.user, command.to, command.reply_to
        fate = self.fate(user, to)
        if fate not in ("inbox", "requests"):
            return fate
        n = 1 + sum(1 for _ in self.messages(user, to))
        if reply_to is not None and reply_to >= n:
            return "not_found"
        self._past("wrote", user, to, n, fate)
        event: dict[str, Any] = {"type": "message", "n": n, "from": user, "text": command.text, "at": now}
        event |= {"folder": fate} | ({} if reply_to is None else {"reply_to": reply_to})
        answer = (to, n, now, fate)
        self.nonces[user, command.nonce] = command, answer
        return Answer(answer, [(user, event | {"peer": to}), (to, event | {"peer": user})])

    def _set(self, user: str, change: dict[str, Any]) -> Answer:
        was = self.doors[user]
        change = {name: value for name, value in change.items() if isinstance(value, (str, bool))}
        shown = {"dm_policy": was.dm_policy, "knocks": was.knocks, "read_receipts": was.read_receipts} | change
        self.doors[user] = Settings(**shown)
        told: list[Told] = [(user, {"type": "settings", "settings": shown})]
        return Answer(shown, told if self.doors[user] != was else [])

    def _altered(self, user: str, peer: str, *kinds: str) -> Answer:
        before = self._standing(user, peer)
        for kind in kinds:
            self._past(kind, user, peer)
        if self._standing(user, peer) == before:
            return Answer(None, [])
        muted, blocked = self.is_on(user, peer, "mute", "unmute"), self.blocks(user, peer)
        event = {"type": "conversation", "peer": peer, "folder": self.folder(user, peer)}
        return Answer(None, [(user, event | {"muted": muted, "blocked": blocked})])

    def _standing(self, user: str, peer: str) -> tuple[Any, ...]:
        accepted = self.is_on(user, peer, "accepted", "declined")
        refused = self.last(user, peer, "declined") > self.last(user, peer, "accepted", "wrote")
        flags = self.is_on(user, peer, "mute", "unmute"), self.blocks(user, peer)
        return self.folder(user, peer), accepted, refused, *flags

    def mark(self, user: str, peer: str, kind: str = "read") -> int:
        return max((deed.n for deed in self.past if deed.kind == kind and deed[1:3] == (user, peer)), default=0)

    def _read(self, user: str, peer: str, n: int) -> Answer:
        told: list[Told] = []
        event = {"type": "read", "by": user}
        if n > self.mark(user, peer):
            self._past("read", user, peer, n)
            told.append((user, event | {"peer": peer, "n": n}))
        upto = self.mark(user, peer)
        if (
            self.fate(peer, user) == "inbox"
            and self.doors[user].read_receipts
            and upto > self.mark(peer, user, "was told")
        ):
            self._past("was told", peer, user, upto)
            told.append((peer, event | {"peer": user, "n": upto}))
        return Answer(None, told)
