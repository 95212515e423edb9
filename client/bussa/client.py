"""The client: a method for each request of the protocol, and the events of the user's log."""

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
    """Entries of the log, ascending by seq, without those of unknown types; ``head`` is the seq of the newest entry."""

    events: list[Event]
    head: int


class EventStream(AsyncIterator[ClientEvent]):
    """The events, one by one. Cancelling a wait loses none."""

    def __init__(self, core: ClientCore) -> None:
        self._core = core

    def __aiter__(self) -> "EventStream":
        return self

    async def __anext__(self) -> ClientEvent:
        event = await self._core.next_event()
        if event is None:
            raise StopAsyncIteration
        return event


class Client(ClientCore):
    """One user's connection. It reconnects by itself.

    Every method raises the errors of ``bussa.errors``: the ``ApiError`` of the server's code, ``RequestTimeoutError``
    after ``timeout`` seconds, ``ConnectionClosedError`` once the client is closed. Requests of one client are executed
    in call order, except a ``send`` that is retried after ``rate_limited`` or ``unavailable``: await the first where
    the order of two matters.
    """

    def events(self) -> EventStream:
        """The events of the user's log from now on, each once and in order.

        Own requests cause no event; their reply tells. After a ``Reset``, reload the conversations. For one reader
        only. The stream ends after ``aclose``, and otherwise raises the error that closed the client.
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
        """Send a message. It is on the server's disk when this returns.

        Retries use the same nonce, so it is delivered once, across disconnects, outages and rate limits.

        Args:
            nonce: for a retry after a ``RequestTimeoutError`` or a crash of the application.
            timeout: of this call, in seconds; by default the client's.

        Raises:
            NotAllowedError: the recipient does not accept messages from this user.
            AwaitingAcceptanceError: the first message has not been accepted yet.
            NotFoundError: unknown user.
            ConflictError: the nonce was used for a different message.
        """
        nonce = nonce or secrets.token_urlsafe(16)
        return await self.request(
            lambda id: requests.SendRequest(id=id, to=to, text=text, nonce=nonce, reply_to=reply_to), timeout
        )

    async def history(
        self, peer: str, *, before: int | None = None, after: int | None = None, limit: int = limits.PAGE_DEFAULT
    ) -> replies.HistoryReply:
        """Messages of a conversation: the newest, or those ``before`` or ``after`` a message number."""
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
        """A page of the conversations, newest first; ``before`` is the ``next`` of the page before."""
        return await self.request(
            lambda id: requests.ConversationsRequest(id=id, folder=folder, before=before, limit=limit)
        )

    async def read(self, peer: str, n: int) -> None:
        """Mark everything up to ``n`` as read."""
        await self.request(lambda id: requests.ReadRequest(id=id, peer=peer, n=n))

    async def accept(self, peer: str) -> None:
        """Accept a message request."""
        await self.request(lambda id: requests.AcceptRequest(id=id, peer=peer))

    async def decline(self, peer: str) -> None:
        """Decline a message request. The peer is not told."""
        await self.request(lambda id: requests.DeclineRequest(id=id, peer=peer))

    async def block(self, user: str) -> None:
        """Block a user. No message of theirs is committed after this returns."""
        await self.request(lambda id: requests.BlockRequest(id=id, user=user))

    async def unblock(self, user: str) -> None:
        await self.request(lambda id: requests.UnblockRequest(id=id, user=user))

    async def mute(self, user: str) -> None:
        await self.request(lambda id: requests.MuteRequest(id=id, user=user))

    async def unmute(self, user: str) -> None:
        await self.request(lambda id: requests.UnmuteRequest(id=id, user=user))

    async def report(self, peer: str, reason: ReportReason, *, n: int | None = None, block: bool = False) -> None:
        """Report a peer, or their message ``n``. Never retried.

        Raises:
            RequestInterruptedError: disconnected before the reply; the report may have been made.
        """
        await self.request(lambda id: requests.ReportRequest(id=id, peer=peer, reason=reason, n=n, block=block))

    async def settings(
        self,
        *,
        dm_policy: Policy | None = None,
        knocks: bool | None = None,
        read_receipts: bool | None = None,
    ) -> parts.Settings:
        """Apply changes to the privacy settings, and return all of them."""
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
        """A user's name, and whether this user can message them."""
        return await self.request(lambda id: requests.ProfileRequest(id=id, user=user))

    async def search(
        self, query: str, *, peer: str | None = None, before: str | None = None, limit: int = limits.PAGE_DEFAULT
    ) -> replies.SearchReply:
        """Messages that contain a word with the prefix of each word of ``query``, newest first."""
        return await self.request(
            lambda id: requests.SearchRequest(id=id, query=query, peer=peer, before=before, limit=limit)
        )

    async def sync(self, after: int, *, limit: int = limits.PAGE_DEFAULT) -> LogPage:
        """A page of the log after a seq. For tools; ``events()`` calls it by itself."""
        reply = cast(
            "replies.SyncReply", await self.request(lambda id: requests.SyncRequest(id=id, after=after, limit=limit))
        )
        entries = (codec.frame_from_map(value) for value in reply.events)
        return LogPage([cast("Event", entry) for entry in entries if isinstance(entry, Event)], reply.head)

    async def refresh(self, token: str) -> None:
        """Replace the token by a newer one of the same user, on this connection and later ones."""
        await self.request(lambda id: requests.RefreshRequest(id=id, token=token))
        self._tokens.replace(token)

    async def ping(self) -> int:
        """The seq of the newest entry of the log."""
        reply: Any = await self.request(lambda id: requests.PingRequest(id=id))
        return reply.head

    async def typing(self, peer: str) -> None:
        """Send a typing indicator. Dropped while disconnected."""
        self._state.typing(peer)
        self._wake()
