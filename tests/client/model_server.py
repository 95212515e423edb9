"""A model of the server, without a socket: one user's log and nonces.

The property tests drive it beside the client's state machine; the scripted server puts it behind a socket.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from bussa_protocol.frames import events, parts, replies, requests

LIMITS = parts.Limits(frame=65536, text=10_000)


@dataclass
class ModelServer:
    """The state of one user on the server."""

    user: str = "me"
    epoch: str = "one"
    log: list[events.LogEvent] = field(default_factory=list)
    sent: dict[str, replies.SentReply] = field(default_factory=dict)
    oldest_seq: int = 1
    """The log reaches back to this seq."""
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def head(self) -> int:
        return len(self.log)

    def write(self, peer: str, sender: str, text: str) -> events.MessageEvent:
        """Append a message of ``sender`` to the log."""
        n = self.numbers[peer] = self.numbers.get(peer, 0) + 1
        event = events.MessageEvent(
            seq=self.head + 1, peer=peer, n=n, sender=sender, text=text, at=1_764_000_000_000 + n, folder="inbox"
        )
        self.log.append(event)
        return event

    def welcome(self, hello: requests.HelloRequest) -> tuple[replies.WelcomeReply, list[events.LogEvent]]:
        """The welcome, and the events replayed after it."""
        known = hello.epoch == self.epoch and hello.resume is not None
        resumed = known and self.oldest_seq - 1 <= (hello.resume or 0) <= self.head
        replay = self.log[hello.resume :] if resumed else []
        welcome = replies.WelcomeReply(
            user=self.user, head=self.head, epoch=self.epoch, resumed=resumed, now=1_764_000_000_000, limits=LIMITS
        )
        return welcome, replay

    def handle(self, request: requests.RequestWithId) -> replies.Reply:
        """Execute a request. Types that no test needs get ``ok``."""
        match request:
            case requests.SendRequest():
                return self._send(request)
            case requests.SyncRequest():
                return self._sync(request)
            case requests.PingRequest():
                return replies.PongReply(id=request.id, head=self.head)
            case requests.SettingsRequest():
                return replies.SettingsReply(id=request.id, settings=parts.Settings())
            case requests.ProfileRequest():
                return replies.ProfileReply(id=request.id, user=request.user, name=request.user, can_message="yes")
            case requests.SearchRequest():
                return replies.SearchReply(id=request.id, hits=[], next=None)
            case requests.ConversationsRequest():
                return replies.ConversationsReply(id=request.id, conversations=[], next=None)
            case requests.HistoryRequest():
                return replies.HistoryReply(id=request.id, peer=request.peer, messages=[], more=False)
            case _:
                return replies.OkReply(id=request.id)

    def _send(self, request: requests.SendRequest) -> replies.SentReply:
        first = self.sent.get(request.nonce)
        if first is None:
            event = self.write(request.to, self.user, request.text)
            first = replies.SentReply(
                id=request.id, peer=request.to, n=event.n, seq=event.seq, at=event.at, folder=event.folder
            )
            self.sent[request.nonce] = first
        return replies.SentReply(
            id=request.id, peer=first.peer, n=first.n, seq=first.seq, at=first.at, folder=first.folder
        )

    def _sync(self, request: requests.SyncRequest) -> replies.SyncReply:
        # A trimmed log has nothing before ``oldest_seq``: the page starts there.
        start = max(request.after, self.oldest_seq - 1)
        page: list[Any] = [as_map(event) for event in self.log[start : start + request.limit]]
        return replies.SyncReply(id=request.id, events=page, head=self.head)


def as_map(frame: Any) -> dict[str, Any]:
    """The map of a frame, as it is encoded."""
    return msgspec.to_builtins(frame)
