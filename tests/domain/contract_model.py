"""A slow model of the contract: it records all actions, and derives every answer from the whole record.

Written from the contract's page and independent of the handlers, so that the two can be compared. `apply` returns
the result for the user and the events appended to the logs, or the error code of the refusal.
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from bussa_protocol.frames import requests
from bussa_protocol.frames.parts import Settings, SettingsChange
from bussa_server.domain import commands
from bussa_server.domain.commands import Command
from bussa_server.domain.handlers import peer_of

Code = str
AppendedEvent = tuple[str, dict[str, Any]]
"""A user, and an event of that user's log without its seq."""


class PastAction(NamedTuple):
    """An action that was done: ``user`` did ``kind`` to ``peer``."""

    kind: Literal[
        "wrote", "accepted", "declined", "block", "unblock", "mute", "unmute", "follow", "unfollow", "read", "was told"
    ]
    user: str
    peer: str
    n: int = 0
    folder: str = ""


class ExpectedOutcome(NamedTuple):
    value: Any
    appended: list[AppendedEvent]


class ContractModel:
    def __init__(self) -> None:
        self.settings: dict[str, Settings] = {}
        self.history: list[PastAction] = []
        self.nonces: dict[tuple[str, str], tuple[commands.Send, Any]] = {}

    # Queries.

    def last(self, user: str, peer: str, *kinds: str) -> int:
        """The index of the last action of ``kinds`` by ``user`` on ``peer``; -1: none."""
        times = [i for i, action in enumerate(self.history) if action[1:3] == (user, peer) and action.kind in kinds]
        return max(times, default=-1)

    def is_on(self, user: str, peer: str, on: str, off: str) -> bool:
        return self.last(user, peer, on) > self.last(user, peer, off)

    def blocks(self, user: str, peer: str) -> bool:
        return self.is_on(user, peer, "block", "unblock")

    def messages(self, one: str, other: str) -> Iterator[PastAction]:
        return (
            action for action in self.history if action.kind == "wrote" and {action.user, action.peer} == {one, other}
        )

    def folder(self, owner: str, peer: str) -> str | None:
        """The folder of the conversation in the owner's list: the last action that placed it decides."""
        for action in reversed(self.history):
            if action.kind in ("accepted", "declined") and action[1:3] == (owner, peer):
                return "inbox" if action.kind == "accepted" else "declined"
            if action.kind == "wrote" and action[1:3] == (owner, peer):
                return "inbox"
            if action.kind == "wrote" and action[1:3] == (peer, owner):
                return action.folder
        return None

    def placement(self, s: str, r: str) -> str:
        """The placement of a message from S to R: a folder, or the code of a refusal."""
        if self.blocks(r, s) or self.blocks(s, r):
            return "not_allowed"
        if self.last(r, s, "declined") > self.last(r, s, "accepted", "wrote"):
            return "not_allowed"
        if self.last(r, s, "wrote", "accepted") >= 0:
            return "inbox"
        follower, followed = self.is_on(s, r, "follow", "unfollow"), self.is_on(r, s, "follow", "unfollow")
        opens = {"anyone": True, "followers": follower, "following": followed, "mutuals": follower and followed}
        if opens.get(self.settings[r].dm_policy, False):
            return "inbox"
        if self.settings[r].knocks:
            return "awaiting_acceptance" if self.folder(r, s) == "requests" else "requests"
        return "not_allowed"

    # Actions.

    def apply(self, command: Command, now: int) -> ExpectedOutcome | Code:
        user, request, peer = command.user, command.request, peer_of(command)
        if user == peer:
            return "bad_request"
        if isinstance(request, requests.SendRequest) and (user, request.nonce) in self.nonces:
            first, answer = self.nonces[user, request.nonce]
            return ExpectedOutcome(answer, []) if first == request else "conflict"
        if user not in self.settings or peer not in (None, *self.settings):
            return "not_found"
        match request:
            case requests.SendRequest():
                return self._send(user, request, now)
            case requests.SettingsRequest(set=SettingsChange() as change):
                return self._change_settings(user, {name: getattr(change, name) for name in change.__struct_fields__})
            case commands.Follow(peer=peer, follows=follows):
                self._record("follow" if follows else "unfollow", user, peer)
                return ExpectedOutcome(None, [])
            case requests.BlockRequest(user=peer):
                return self._update_participant(user, peer, "block")
            case requests.UnblockRequest(user=peer):
                return self._update_participant(user, peer, "unblock")
            case requests.MuteRequest(user=peer):
                return self._update_participant(user, peer, "mute")
            case requests.UnmuteRequest(user=peer):
                return self._update_participant(user, peer, "unmute")
        assert isinstance(peer, str)
        last = sum(1 for _ in self.messages(user, peer))
        if last == 0 or (getattr(request, "n", None) or 0) > last:
            return "not_found"
        match request:
            case requests.ReadRequest(n=n):
                return self._mark_read(user, peer, n)
            case requests.AcceptRequest():
                return self._update_participant(user, peer, "accepted")
            case requests.DeclineRequest():
                return self._update_participant(user, peer, "declined")
            case requests.ReportRequest(block=block):
                return self._update_participant(user, peer, "declined", *(["block"] if block else []))
        raise AssertionError(command)

    def _record(self, kind: Any, user: str, peer: str, n: int = 0, folder: str = "") -> None:
        self.history.append(PastAction(kind, user, peer, n, folder))

    def _send(self, user: str, request: requests.SendRequest, now: int) -> ExpectedOutcome | Code:
        to, reply_to = request.to, request.reply_to
        placement = self.placement(user, to)
        if placement not in ("inbox", "requests"):
            return placement
        n = 1 + sum(1 for _ in self.messages(user, to))
        if reply_to is not None and reply_to >= n:
            return "not_found"
        self._record("wrote", user, to, n, placement)
        event: dict[str, Any] = {"type": "message", "n": n, "from": user, "text": request.text, "at": now}
        event |= {"folder": placement} | ({} if reply_to is None else {"reply_to": reply_to})
        answer = (to, n, now, placement)
        self.nonces[user, request.nonce] = request, answer
        return ExpectedOutcome(answer, [(user, event | {"peer": to}), (to, event | {"peer": user})])

    def _change_settings(self, user: str, change: dict[str, Any]) -> ExpectedOutcome:
        was = self.settings[user]
        change = {name: value for name, value in change.items() if isinstance(value, (str, bool))}
        shown = {"dm_policy": was.dm_policy, "knocks": was.knocks, "read_receipts": was.read_receipts} | change
        self.settings[user] = Settings(**shown)
        appended: list[AppendedEvent] = [(user, {"type": "settings", "settings": shown})]
        return ExpectedOutcome(shown, appended if self.settings[user] != was else [])

    def _update_participant(self, user: str, peer: str, *kinds: str) -> ExpectedOutcome:
        before = self._participant_state(user, peer)
        for kind in kinds:
            self._record(kind, user, peer)
        if self._participant_state(user, peer) == before:
            return ExpectedOutcome(None, [])
        muted, blocked = self.is_on(user, peer, "mute", "unmute"), self.blocks(user, peer)
        event = {"type": "conversation", "peer": peer, "folder": self.folder(user, peer)}
        return ExpectedOutcome(None, [(user, event | {"muted": muted, "blocked": blocked})])

    def _participant_state(self, user: str, peer: str) -> tuple[Any, ...]:
        accepted = self.is_on(user, peer, "accepted", "declined")
        refused = self.last(user, peer, "declined") > self.last(user, peer, "accepted", "wrote")
        flags = self.is_on(user, peer, "mute", "unmute"), self.blocks(user, peer)
        return self.folder(user, peer), accepted, refused, *flags

    def mark(self, user: str, peer: str, kind: str = "read") -> int:
        return max(
            (action.n for action in self.history if action.kind == kind and action[1:3] == (user, peer)), default=0
        )

    def _mark_read(self, user: str, peer: str, n: int) -> ExpectedOutcome:
        appended: list[AppendedEvent] = []
        event = {"type": "read", "by": user}
        if n > self.mark(user, peer):
            self._record("read", user, peer, n)
            appended.append((user, event | {"peer": peer, "n": n}))
        read_mark = self.mark(user, peer)
        if (
            self.placement(peer, user) == "inbox"
            and self.settings[user].read_receipts
            and read_mark > self.mark(peer, user, "was told")
        ):
            self._record("was told", peer, user, read_mark)
            appended.append((peer, event | {"peer": user, "n": read_mark}))
        return ExpectedOutcome(None, appended)
