"""The interfaces of the chat to the SDK: a server to log in to, and a session.

Tests pass fakes. ``Session`` is the part of ``bussa.Client`` that the chat uses, with the same guarantees: events once
and in order, a send retried under its nonce, typed errors.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from bussa import accounts
from bussa.chat.login_store import Login
from bussa.client import Client
from bussa.connect import http_url
from bussa.event_queue import ClientEvent
from bussa.reconnect_loop import ConnectionStatus
from bussa_protocol.frames import parts, replies
from bussa_protocol.ids import Policy, ReportReason


class Session(Protocol):
    """One user's connection."""

    @property
    def user(self) -> str: ...

    def events(self) -> AsyncIterator[ClientEvent]: ...

    async def send(
        self, to: str, text: str, *, reply_to: int | None = None, nonce: str | None = None
    ) -> replies.SentReply: ...

    async def history(
        self, peer: str, *, before: int | None = None, after: int | None = None, limit: int = ...
    ) -> replies.HistoryReply: ...

    async def conversations(
        self, folder: Literal["inbox", "requests"] = ..., *, before: str | None = None, limit: int = ...
    ) -> replies.ConversationsReply: ...

    async def read(self, peer: str, n: int) -> None: ...
    async def accept(self, peer: str) -> None: ...
    async def decline(self, peer: str) -> None: ...
    async def block(self, user: str) -> None: ...
    async def unblock(self, user: str) -> None: ...
    async def mute(self, user: str) -> None: ...
    async def unmute(self, user: str) -> None: ...
    async def report(self, peer: str, reason: ReportReason, *, n: int | None = None, block: bool = False) -> None: ...

    async def settings(
        self, *, dm_policy: Policy | None = None, knocks: bool | None = None, read_receipts: bool | None = None
    ) -> parts.Settings: ...

    async def profile(self, user: str) -> replies.ProfileReply: ...

    async def search(
        self, query: str, *, peer: str | None = None, before: str | None = None, limit: int = ...
    ) -> replies.SearchReply: ...

    async def typing(self, peer: str) -> None: ...


class Server(Protocol):
    """A server. Every call may raise a ``BussaError``."""

    @property
    def address(self) -> str:
        """The base URL: the key of remembered logins, and shown in the status bar."""
        ...

    async def sign_up(self, user: str, password: str, name: str | None) -> Login: ...
    async def log_in(self, user: str, password: str) -> Login: ...
    async def follow(self, login: Login, user: str) -> None: ...
    async def unfollow(self, login: Login, user: str) -> None: ...

    def open(self, login: Login, on_status: Callable[[ConnectionStatus], None]) -> AbstractAsyncContextManager[Session]:
        """Open a session; ``on_status`` is called on every change of its status."""
        ...


class BussaServer:
    """A server reached by the SDK."""

    def __init__(self, url: str) -> None:
        """Raises:
        ValueError: invalid ``url``.
        """
        self.address = http_url(url)

    async def sign_up(self, user: str, password: str, name: str | None) -> Login:
        grant = await accounts.sign_up(self.address, user, password, name)
        return Login(grant.user, grant.token)

    async def log_in(self, user: str, password: str) -> Login:
        grant = await accounts.log_in(self.address, user, password)
        return Login(grant.user, grant.token)

    async def follow(self, login: Login, user: str) -> None:
        await accounts.follow(self.address, login.token, user)

    async def unfollow(self, login: Login, user: str) -> None:
        await accounts.unfollow(self.address, login.token, user)

    def open(self, login: Login, on_status: Callable[[ConnectionStatus], None]) -> AbstractAsyncContextManager[Session]:
        return Client(self.address, login.token, on_status=on_status)
