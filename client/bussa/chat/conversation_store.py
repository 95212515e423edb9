"""The conversations: state folded from pages and events. Pure.

Pages and events overlap (events arrive while a page is fetched), so every fold is idempotent.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from bussa.chat.thread import Thread, message_from_event
from bussa_protocol.frames import events, parts, replies
from bussa_protocol.ids import Folder

ListedFolder = Literal["inbox", "requests"]

THREADS_MAX = 20
"""Conversations whose messages are kept; others are fetched again when they are opened."""
TYPING_SECONDS = 5.0
"""How long a typing indicator is shown after its last event."""


@dataclass(slots=True)
class Row:
    """One conversation in the list."""

    peer: str
    name: str
    folder: Folder | None
    last: parts.Message | None = None
    unread: int = 0
    read: int = 0
    peer_read: int = 0
    muted: bool = False
    blocked: bool = False

    @property
    def knock(self) -> bool:
        """Whether this is a message request."""
        return self.folder == "requests"


class ConversationStore:
    """The rows of the list, and the recently opened threads."""

    def __init__(self, user: str = "") -> None:
        self.user = user
        self.rows: dict[str, Row] = {}
        self.next_cursor: dict[ListedFolder, str | None] = {"inbox": None, "requests": None}
        self.settings: parts.Settings | None = None
        self._threads: OrderedDict[str, Thread] = OrderedDict()
        self._typing: dict[str, float] = {}

    # ---- queries

    def rows_in(self, folder: ListedFolder) -> list[Row]:
        """The rows of a folder, newest first."""
        rows = [row for row in self.rows.values() if row.folder == folder]
        return sorted(rows, key=lambda row: (-(row.last.at if row.last else 0), row.peer))

    def unread_conversations(self, folder: ListedFolder) -> int:
        """Conversations of a folder with unread messages, without muted ones."""
        return sum(1 for row in self.rows.values() if row.folder == folder and row.unread and not row.muted)

    def row(self, peer: str) -> Row:
        """The row of a peer; a new one is in no folder."""
        return self.rows.setdefault(peer, Row(peer, peer, None))

    def thread(self, peer: str) -> Thread:
        """The thread of a peer. A new one may evict the least recently used."""
        thread = self._threads.setdefault(peer, Thread(peer, self.user))
        self._threads.move_to_end(peer)
        # A thread with outgoing messages is never evicted: unsent text must not be lost.
        idle = [other for other, kept in self._threads.items() if not kept.outgoing and other != peer]
        for other in idle[: max(0, len(self._threads) - THREADS_MAX)]:
            del self._threads[other]
        return thread

    def find_thread(self, peer: str) -> Thread | None:
        return self._threads.get(peer)

    def is_typing(self, peer: str, now: float) -> bool:
        return self._typing.get(peer, 0.0) > now

    # ---- pages

    def clear(self) -> None:
        """Forget everything but outgoing messages: it will be fetched again after a reset."""
        self.rows.clear()
        for thread in self._threads.values():
            thread.loaded = False

    def merge_page(self, folder: ListedFolder, page: replies.ConversationsReply) -> None:
        """Merge a page of a folder. A row with a newer message than the page's is kept."""
        self.next_cursor[folder] = page.next
        for seen in page.conversations:
            known = self.rows.get(seen.peer)
            if known is not None and known.last is not None and known.last.n > seen.last.n:
                known.name = seen.name
                continue
            self.rows[seen.peer] = Row(
                seen.peer,
                seen.name or seen.peer,
                seen.folder,
                seen.last,
                seen.unread,
                seen.read,
                max(seen.peer_read or 0, known.peer_read if known else 0),
                seen.muted,
                seen.blocked,
            )

    # ---- events

    def apply(self, event: events.Event, now: float) -> str | None:
        """Apply an event. Returns the peer whose conversation it changed."""
        match event:
            case events.MessageEvent():
                return self._apply_message(event)
            case events.ReadEvent():
                return self._apply_read(event)
            case events.ConversationEvent():
                row = self.row(event.peer)
                row.folder, row.muted, row.blocked = event.folder, event.muted, event.blocked
                return event.peer
            case events.SettingsEvent():
                self.settings = event.settings
                return None
            case events.TypingEvent():
                self._typing = {peer: until for peer, until in self._typing.items() if until > now}
                self._typing[event.peer] = now + TYPING_SECONDS
                return event.peer
            case events.HiddenEvent():
                return None

    def record_sent(self, peer: str, message: parts.Message) -> None:
        """Record an own message, sent by this device or another one."""
        row = self.row(peer)
        # A reply accepts a message request (protocol, *Who may write to whom*, lines 3 and 5).
        row.folder = "inbox"
        self._update_last(row, message)

    def mark_read(self, peer: str, n: int) -> None:
        """Mark everything up to ``n`` as read."""
        row = self.row(peer)
        row.read = max(row.read, n)
        last = row.last.n if row.last else 0
        row.unread = min(row.unread, max(0, last - row.read))

    def _apply_message(self, event: events.MessageEvent) -> str:
        message = message_from_event(event)
        row = self.row(event.peer)
        thread = self._threads.get(event.peer)
        if thread is not None and thread.loaded and not thread.more_after and not thread.add_live(message):
            thread.loaded = False
        if event.sender == self.user:
            self.record_sent(event.peer, message)
            return event.peer
        self._typing.pop(event.peer, None)
        if row.folder is None or row.folder == "declined":
            row.folder = event.folder
        if event.n > max(row.read, row.last.n if row.last else 0):
            row.unread += 1
        self._update_last(row, message)
        return event.peer

    def _apply_read(self, event: events.ReadEvent) -> str:
        if event.by == self.user:
            self.mark_read(event.peer, event.n)
        else:
            row = self.row(event.peer)
            row.peer_read = max(row.peer_read, event.n)
        return event.peer

    @staticmethod
    def _update_last(row: Row, message: parts.Message) -> None:
        if row.last is None or message.n > row.last.n:
            row.last = message
