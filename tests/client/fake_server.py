"""An in-memory server and session for the chat: incoming messages and errors on demand."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from bussa.chat.conversation_store import Row
from bussa.chat.login_store import Login
from bussa.errors import NotFoundError, TakenError, UnauthenticatedError
from bussa.event_queue import ClientEvent
from bussa.reconnect_loop import ConnectionStatus
from bussa_protocol.frames import events, parts, replies
from bussa_protocol.ids import CanMessage

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def now() -> int:
    """Milliseconds at noon today, so that an hour earlier is the same day."""
    midnight = time.mktime((*time.localtime()[:3], 0, 0, 0, 0, 0, -1))
    return int(midnight * 1000) + 12 * HOUR


class FakeSession:
    """``alice``'s session. It records calls, and fails or pauses them on demand."""

    def __init__(self, user: str = "alice") -> None:
        self.user = user
        self.seq = 0
        self.threads: dict[str, list[parts.Message]] = {}
        self.rows: dict[str, Row] = {}
        self.privacy_settings = parts.Settings()
        self.can_message: dict[str, CanMessage] = {}
        self.calls: list[tuple[Any, ...]] = []
        self.failures: dict[str, list[Exception]] = {}
        self.paused: dict[str, asyncio.Event] = {}
        self.nonces: dict[str, replies.SentReply] = {}
        self._stream: asyncio.Queue[ClientEvent | Exception | None] = asyncio.Queue()
        self.quiet = asyncio.Event()

    # ---- called by tests

    def add_peer(self, peer: str, name: str | None = None, **row: Any) -> Row:
        """Add a user with an empty conversation."""
        self.rows[peer] = Row(peer, name or peer, row.pop("folder", "inbox"), **row)
        self.threads.setdefault(peer, [])
        return self.rows[peer]

    def add_message(self, peer: str, sender: str, text: str, at: int, **more: Any) -> parts.Message:
        """Add a message to the history, without an event."""
        thread = self.threads[peer]
        message = parts.Message(peer=peer, n=len(thread) + 1, sender=sender, text=text, at=at, **more)
        thread.append(message)
        row = self.rows[peer]
        row.last = message
        return message

    def receive_message(self, peer: str, text: str, sender: str | None = None) -> None:
        """Add a message, and push its event."""
        if peer not in self.rows:
            self.add_peer(peer, folder="requests")
        message = self.add_message(peer, sender or peer, text, now() + len(self.calls))
        self.seq += 1
        folder = self.rows[peer].folder or "inbox"
        self.push(
            events.MessageEvent(
                seq=self.seq,
                peer=peer,
                n=message.n,
                sender=message.sender,
                text=text,
                at=message.at,
                folder=folder,
                reply_to=message.reply_to,
            )
        )

    def push(self, event: ClientEvent | Exception | None) -> None:
        """Put an event into the stream; an exception ends it."""
        self._stream.put_nowait(event)

    def fail_next(self, call: str, *errors: Exception) -> None:
        """Make the next calls of this name raise ``errors``, one each."""
        self.failures.setdefault(call, []).extend(errors)

    async def _record_call(self, *call: Any) -> None:
        self.calls.append(call)
        held = self.paused.get(call[0])
        if held is not None:
            await held.wait()
        failing = self.failures.get(call[0])
        if failing:
            raise failing.pop(0)

    # ---- Session

    def events(self) -> AsyncIterator[ClientEvent]:
        return self._events()

    async def _events(self) -> AsyncIterator[ClientEvent]:
        while (event := await self._stream.get()) is not None:
            if isinstance(event, Exception):
                raise event
            yield event

    async def send(
        self, to: str, text: str, *, reply_to: int | None = None, nonce: str | None = None
    ) -> replies.SentReply:
        await self._record_call("send", to, text, reply_to, nonce)
        if to not in self.threads:
            self.add_peer(to)
        self.seq += 1
        message = self.add_message(to, self.user, text, now(), reply_to=reply_to)
        return replies.SentReply(id=1, peer=to, n=message.n, seq=self.seq, at=message.at, folder="inbox")

    async def history(
        self, peer: str, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> replies.HistoryReply:
        await self._record_call("history", peer, before, after)
        thread = self.threads.get(peer, [])
        if after is not None:
            page = [message for message in thread if message.n > after]
            return replies.HistoryReply(id=1, peer=peer, messages=page[:limit], more=len(page) > limit)
        page = [message for message in thread if before is None or message.n < before]
        return replies.HistoryReply(id=1, peer=peer, messages=page[-limit:], more=len(page) > limit)

    async def conversations(
        self, folder: str = "inbox", *, before: str | None = None, limit: int = 50
    ) -> replies.ConversationsReply:
        await self._record_call("conversations", folder, before)
        rows = [row for row in self.rows.values() if row.folder == folder and row.last is not None]
        rows.sort(key=lambda row: -(row.last.at if row.last else 0))
        start = int(before or 0)
        some = [
            parts.Conversation(
                peer=row.peer,
                last=row.last or parts.Message(peer=row.peer, n=1, sender=row.peer, text="", at=0),
                unread=row.unread,
                read=row.read,
                peer_read=row.peer_read or None,
                muted=row.muted,
                folder=row.folder or "inbox",
                blocked=row.blocked,
                name=row.name,
            )
            for row in rows[start : start + limit]
        ]
        following = str(start + limit) if len(rows) > start + limit else None
        return replies.ConversationsReply(id=1, conversations=some, next=following)

    async def read(self, peer: str, n: int) -> None:
        await self._record_call("read", peer, n)

    async def accept(self, peer: str) -> None:
        await self._record_call("accept", peer)
        self.rows[peer].folder = "inbox"

    async def decline(self, peer: str) -> None:
        await self._record_call("decline", peer)

    async def block(self, user: str) -> None:
        await self._record_call("block", user)

    async def unblock(self, user: str) -> None:
        await self._record_call("unblock", user)

    async def mute(self, user: str) -> None:
        await self._record_call("mute", user)

    async def unmute(self, user: str) -> None:
        await self._record_call("unmute", user)

    async def report(self, peer: str, reason: str, *, n: int | None = None, block: bool = False) -> None:
        await self._record_call("report", peer, reason, n, block)

    async def settings(self, **change: Any) -> parts.Settings:
        await self._record_call("settings", change)
        known = {name: getattr(self.privacy_settings, name) for name in ("dm_policy", "knocks", "read_receipts")}
        self.privacy_settings = parts.Settings(
            **(known | {name: value for name, value in change.items() if value is not None})
        )
        return self.privacy_settings

    async def profile(self, user: str) -> replies.ProfileReply:
        await self._record_call("profile", user)
        if user not in self.rows:
            raise NotFoundError("unknown user")
        can = self.can_message.get(user, "yes")
        return replies.ProfileReply(id=1, user=user, name=self.rows[user].name, can_message=can)

    async def search(
        self, query: str, *, peer: str | None = None, before: str | None = None, limit: int = 50
    ) -> replies.SearchReply:
        await self._record_call("search", query, before)
        hits = [hit for thread in self.threads.values() for hit in thread if query.lower() in hit.text.lower()]
        hits.sort(key=lambda hit: -hit.at)
        start = int(before or 0)
        following = str(start + limit) if len(hits) > start + limit else None
        return replies.SearchReply(id=1, hits=hits[start : start + limit], next=following)

    async def typing(self, peer: str) -> None:
        await self._record_call("typing", peer)


class FakeServer:
    """A server that opens the given session."""

    address = "http://127.0.0.1:8080"

    def __init__(self, session: FakeSession | None = None) -> None:
        self.session = session or FakeSession()
        self.passwords = {"alice": "right"}
        self.followed: list[tuple[str, str]] = []
        self.opened = 0
        self.open_errors: list[Exception] = []
        self.on_status: Callable[[ConnectionStatus], None] = lambda status: None

    async def sign_up(self, user: str, password: str, name: str | None) -> Login:
        if user in self.passwords:
            raise TakenError("taken")
        self.passwords[user] = password
        return Login(user, f"token of {user}")

    async def log_in(self, user: str, password: str) -> Login:
        if self.passwords.get(user) != password:
            raise UnauthenticatedError("no")
        return Login(user, f"token of {user}")

    async def follow(self, login: Login, user: str) -> None:
        self.followed.append(("follow", user))

    async def unfollow(self, login: Login, user: str) -> None:
        self.followed.append(("unfollow", user))

    @asynccontextmanager
    async def open(self, login: Login, on_status: Callable[[ConnectionStatus], None]) -> AsyncIterator[FakeSession]:
        if self.open_errors:
            raise self.open_errors.pop(0)
        self.opened += 1
        self.on_status = on_status
        on_status(ConnectionStatus.CONNECTED)
        yield self.session


def populated_server() -> FakeServer:
    """A server with sample users, conversations and a knock."""
    session = FakeSession()
    noon = now()
    session.add_peer("bob", "Bob Rossi", read=3, peer_read=2)
    session.add_message("bob", "bob", "Are we still on for the harbour tomorrow?", noon - DAY - HOUR)
    session.add_message("bob", "alice", "Yes! I'll bring the good coffee.", noon - DAY - HOUR + 2 * MINUTE)
    session.add_message("bob", "alice", "And the small boat, if it doesn't rain.", noon - 3 * HOUR)
    session.add_message(
        "bob",
        "bob",
        "It won't. The forecast says sun until the evening, a little wind from the west, which is just what we want.",
        noon - 40 * MINUTE,
        reply_to=3,
    )
    session.add_message("bob", "bob", "Bring a jumper anyway 🧶", noon - 39 * MINUTE)
    session.rows["bob"].unread = 2
    session.add_peer("carla", "Carla", read=1)
    session.add_message("carla", "carla", "grazie mille! ci vediamo giovedì", noon - 2 * HOUR)
    session.add_peer("dai", "戴 Dai", read=2, muted=True)
    session.add_message("dai", "dai", "你好！明天見", noon - DAY)
    session.add_message("dai", "alice", "明天見", noon - DAY + MINUTE)
    session.add_peer("ed", "Ed", read=1, blocked=True)
    session.add_message("ed", "ed", "…", noon - 9 * DAY)
    session.add_peer("pavel", "Pavel [bold red]K.[/]", folder="requests", unread=1)
    session.add_message("pavel", "pavel", "Hello, we met at the market. See http://example.org/me", noon - 5 * HOUR)
    session.can_message = {"pavel": "knock", "ed": "no"}
    return FakeServer(session)
