"""A server in a few lines, without a socket: one user's log, nonces, and a connection that may lose anything.

The property tests drive it beside the client's pure state; the scripted server speaks for it over a socket.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from bussa_protocol.frames import events, parts, replies, requests

LIMITS = parts.Limits(frame=65536, text=10_000)


@dataclass
class Account:
    """What a server keeps of one user."""

    user: str = "me"
    epoch: str = "one"
    log: list[events.LogEvent] = field(default_factory=list)
    sent: dict[str, replies.Sent] = field(default_factory=dict)
    kept_from: int = 1
    """The log reaches back to this seq."""
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def head(self) -> int:
        return len(self.log)

    def write(self, peer: str, sender: str, text: str) -> events.Message:
        """Append a message to the log, by anybody on any device."""
        n = self.numbers[peer] = self.numbers.get(peer, 0) + 1
        event = events.Message(
            seq=self.head + 1, peer=peer, n=n, sender=sender, text=text, at=1_764_000_000_000 + n, folder="inbox"
        )
        self.log.append(event)
        return event

    def welcome(self, hello: requests.Hello) -> tuple[replies.Welcome, list[events.LogEvent]]:
        """The welcome, and what is replayed after it."""
        known = hello.epoch == self.epoch and hello.resume is not None
        resumed = known and self.kept_from - 1 <= (hello.resume or 0) <= self.head
        replay = self.log[hello.resume :] if resumed else []
        welcome = replies.Welcome(
            user=self.user, head=self.head, epoch=self.epoch, resumed=resumed, now=1_764_000_000_000, limits=LIMITS
        )
        return welcome, replay

    def answer(self, request: requests.Asked) -> replies.Reply:
        """Carry a request out. Only the ones that a test needs do more than say ok."""
        match request:
            case requests.Send():
                return self._send(request)
            case requests.Sync():
                return self._sync(request)
            case requests.Ping():
                return replies.Pong(id=request.id, head=self.head)
            case requests.Settings():
                return replies.Settings(id=request.id, settings=parts.Settings())
            case requests.Profile():
                return replies.Profile(id=request.id, user=request.user, name=request.user, can_message="yes")
            case requests.Search():
                return replies.Search(id=request.id, hits=[], next=None)
            case requests.Conversations():
                return replies.Conversations(id=request.id, conversations=[], next=None)
            case requests.History():
                return replies.History(id=request.id, peer=request.peer, messages=[], more=False)
            case _:
                return replies.Ok(id=request.id)

    def _send(self, request: requests.Send) -> replies.Sent:
        first = self.sent.get(request.nonce)
        if first is None:
            event = self.write(request.to, self.user, request.text)
            first = replies.Sent(
                id=request.id, peer=request.to, n=event.n, seq=event.seq, at=event.at, folder=event.folder
            )
            self.sent[request.nonce] = first
        return replies.Sent(id=request.id, peer=first.peer, n=first.n, seq=first.seq, at=first.at, folder=first.folder)

    def _sync(self, request: requests.Sync) -> replies.Sync:
        # A log that was cut has nothing before its cut: the page begins where it can.
        start = max(request.after, self.kept_from - 1)
        page: list[Any] = [as_map(event) for event in self.log[start : start + request.limit]]
        return replies.Sync(id=request.id, events=page, head=self.head)


def as_map(frame: Any) -> dict[str, Any]:
    """The map of a frame, as it goes over the wire."""
    return msgspec.to_builtins(frame)
