"""Events that the application has not read yet: a bounded queue, each event with the cursor it advances to.

An own write is an item without an event: its reply has told the application, so only the cursor advances.
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from bussa_protocol.frames.events import Event

QUEUE_SIZE = 1024
"""Unread events that are buffered here. Beyond it, events stay on the server until there is room."""


class Cursor(NamedTuple):
    """A position in the user's log: everything up to ``seq`` of the log ``epoch`` has been read."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Reset:
    """The log no longer reaches back to the cursor, or is a different one: reload the conversations.

    Either the whole gap is missing or nothing. Later events follow ``cursor``.
    """

    cursor: Cursor


ClientEvent = Event | Reset
"""An item of ``events()``."""


class EventQueue:
    """Holds at most ``size`` events. Consecutive items without an event are merged."""

    def __init__(self, size: int = QUEUE_SIZE, *, enabled: bool = True) -> None:
        self.cursor: Cursor | None = None
        """What the application has read up to."""
        self._size = size
        self._enabled = enabled
        self._items: deque[tuple[Cursor | None, ClientEvent | None]] = deque()
        self._events = 0

    def __len__(self) -> int:
        return self._events

    @property
    def full(self) -> bool:
        return self._events >= self._size

    @property
    def half_empty(self) -> bool:
        """At least half of it is free: time to fetch what stayed on the server."""
        return self._events <= self._size // 2

    def put(self, event: ClientEvent, cursor: Cursor | None) -> None:
        """Append an event; ``cursor`` is None for an ephemeral one."""
        if not self._enabled:
            self.advance(cursor)
            return
        self._items.append((cursor, event))
        self._events += 1

    def advance(self, cursor: Cursor | None) -> None:
        """Advance past an entry that the application does not see."""
        if cursor is None:
            return
        if not self._items:
            self.cursor = cursor
        elif self._items[-1][1] is None:
            self._items[-1] = (cursor, None)
        else:
            self._items.append((cursor, None))

    def start(self, cursor: Cursor) -> None:
        """Start at ``cursor``, before anything was read."""
        self.cursor = cursor

    def reset(self, cursor: Cursor) -> None:
        """Append a reset. It always fits: consecutive resets are merged."""
        if self._items and isinstance(self._items[-1][1], Reset):
            self._items[-1] = (cursor, Reset(cursor))
        else:
            self.put(Reset(cursor), cursor)

    def take(self) -> ClientEvent | None:
        """The next event, or None. The cursor advances past it."""
        if not self._items:
            return None
        cursor, event = self._items.popleft()
        self._events -= 1
        self.cursor = cursor or self.cursor
        # Items without an event are consumed as soon as nothing unread precedes them, so none is ever first.
        while self._items and self._items[0][1] is None:
            self.cursor = self._items.popleft()[0] or self.cursor
        return event
