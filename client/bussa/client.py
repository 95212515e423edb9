"""The client: every request of the contract as a method, and the events of the user's log."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from msgspec import UNSET

from bussa import codec
from bussa.client_core import ClientCore
from bussa.event_queue import ClientEvent
from bussa_protocol import limits
from bussa_protocol.frames import parts, replies, requests
from bussa_protocol.frames.events import Event
from bussa_protocol.ids import Policy, ReportReason


@dataclass(frozen=True, slots=True)
class LogPage:
    """Entries of the log, ascending by seq, and the seq of the newest. Entries of an unknown type are left out."""

    events: list[Event]
    head: int


class EventStream(AsyncIterator[ClientEvent]):
    """The events, one by one. Waiting for the next one may be cancelled: nothing is lost by it."""

    def __init__(self, core: ClientCore) -> None:
        self._core = core

    def __aiter__(self) -> "EventStream":
        return self

    async def __anext__(self) -> ClientEvent:
        notice = await self._core.next_event()
        if notice is None:
            raise StopAsyncIteration
        return notice


class Client(ClientCore):
    """One user's connection, which comes back by itself.

    Every method raises what ``bussa.errors`` lists: an ``ApiError`` with the code that the server gave,
    ``RequestTimeoutError`` after its timeout, ``ConnectionClosedError`` when the connection is gone for good. Requests
    of one ``Client`` are carried out in the order in which they were asked, unless the server put one off
    (``rate_limited``, ``unavailable``): where the order of two sends matters, await the first.
    """

    def events(self) -> EventStream:
        """What happens to the user from now on, each entry of the log once and in order.

        Own requests give no event: their answer tells. A ``Reset`` says that the conversations have to be read
        anew. Read by one task only; it ends after ``aclose``, and raises what ended the connection otherwise.
        """
        return EventStream(self)

    async def send(
        self,
        to: str,
        text: str,
        *,
        reply_to: int | None = None,
        nonce: str | None = None,
        timeout: float | None = None,
    ) -> replies.SentReply:
        """Send a message. When this returns it is on the server's disk.

        It is repeated under one nonce over broken connections, outages and limits, and delivered once. ``nonce``
        is for an application that goes on after a ``RequestTimeoutError`` or a crash of its own.

        Args:
            patience: seconds after which it is given up, in place of the connection's own.

        Raises:
            NotAllowedError, AwaitingAcceptanceError: the other's door is closed, or one knock has been made.
            NotFoundError: there is no such user.
            ConflictError: the nonce was used for another message.
        """
        nonce = nonce or secrets.token_urlsafe(16)
        return await self.request(
            lambda id: requests.SendRequest(id=id, to=to, text=text, nonce=nonce, reply_to=reply_to), timeout
        )

    async def history(
        self, peer: str, *, before: int | None = None, after: int | None = None, limit: int = limits.PAGE_DEFAULT
    ) -> replies.HistoryReply:
        """Messages of a conversation: the newest, those ``before`` an n, or those ``after`` one."""
        return await self.request(
            lambda id: requests.HistoryRequest(id=id, peer=peer, before=before, after=after, limit=limit)
        )

    async def conversations(
        self,
        folder: Literal["inbox", "requests"] = "inbox",
        *,
        before: str | None = None,
        limit: int = limits.PAGE_DEFAULT,
    ) -> replies.ConversationsReply:
        """A page of the conversations, newest first; ``before`` is the ``next`` of the page before it."""
        return await self.request(
            lambda id: requests.ConversationsRequest(id=id, folder=folder, before=before, limit=limit)
        )

    async def read(self, peer: str, n: int) -> None:
        """Everything up to ``n`` has been read."""
        await self.request(lambda id: requests.ReadRequest(id=id, peer=peer, n=n))

    async def accept(self, peer: str) -> None:
        """Let in who knocked."""
        await self.request(lambda id: requests.AcceptRequest(id=id, peer=peer))

    async def decline(self, peer: str) -> None:
        """Keep out who knocked; nobody is told."""
        await self.request(lambda id: requests.DeclineRequest(id=id, peer=peer))

    async def block(self, user: str) -> None:
        """Nothing of theirs any more. Once this returns, no further message of theirs is committed."""
        await self.request(lambda id: requests.BlockRequest(id=id, user=user))

    async def unblock(self, user: str) -> None:
        await self.request(lambda id: requests.UnblockRequest(id=id, user=user))

    async def mute(self, user: str) -> None:
        await self.request(lambda id: requests.MuteRequest(id=id, user=user))

    async def unmute(self, user: str) -> None:
        await self.request(lambda id: requests.UnmuteRequest(id=id, user=user))

    async def report(self, peer: str, reason: ReportReason, *, n: int | None = None, block: bool = False) -> None:
        """Report a peer, or one message ``n`` of theirs.

        Raises:
            RequestInterruptedError: the connection broke before the answer; it is not repeated by itself.
        """
        await self.request(lambda id: requests.ReportRequest(id=id, peer=peer, reason=reason, n=n, block=block))

    async def settings(
        self,
        *,
        dm_policy: Policy | None = None,
        knocks: bool | None = None,
        read_receipts: bool | None = None,
    ) -> parts.Settings:
        """The door as it stands, after the given changes."""
        change = parts.SettingsChange(
            dm_policy=UNSET if dm_policy is None else dm_policy,
            knocks=UNSET if knocks is None else knocks,
            read_receipts=UNSET if read_receipts is None else read_receipts,
        )
        changes = None if change == parts.SettingsChange() else change
        reply = cast(
            "replies.SettingsReply", await self.request(lambda id: requests.SettingsRequest(id=id, set=changes))
        )
        return reply.settings

    async def profile(self, user: str) -> replies.ProfileReply:
        """A user's name, and whether a message of this user's would be let in."""
        return await self.request(lambda id: requests.ProfileRequest(id=id, user=user))

    async def search(
        self, query: str, *, peer: str | None = None, before: str | None = None, limit: int = limits.PAGE_DEFAULT
    ) -> replies.SearchReply:
        """Messages in which every word of ``query`` begins a word, newest first."""
        return await self.request(
            lambda id: requests.SearchRequest(id=id, query=query, peer=peer, before=before, limit=limit)
        )

    async def sync(self, after: int, *, limit: int = limits.PAGE_DEFAULT) -> LogPage:
        """A page of the log after a seq. ``events()`` needs no help from this: it is for tools."""
        reply = cast(
            "replies.SyncReply", await self.request(lambda id: requests.SyncRequest(id=id, after=after, limit=limit))
        )
        entries = (codec.frame_from_map(value) for value in reply.events)
        return LogPage([cast("Event", entry) for entry in entries if isinstance(entry, Event)], reply.head)

    async def refresh(self, token: str) -> None:
        """Go on with a newer token of the same user, here and on every connection to come."""
        await self.request(lambda id: requests.RefreshRequest(id=id, token=token))
        self._tokens.replace(token)

    async def ping(self) -> int:
        """The seq of the newest entry of the log."""
        reply: Any = await self.request(lambda id: requests.PingRequest(id=id))
        return reply.head

    async def typing(self, peer: str) -> None:
        """The user is writing. Fleeting: said if there is a connection, else not at all."""
        self._state.typing(peer)
        self._wake()
