"""What the application has still to read: a bounded queue of events, each with the cursor that it brings.

An own write is a bare mark: the application knows it from its reply, only the cursor moves on.
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from bussa_protocol.frames.events import Event

QUEUE_SIZE = 1024
"""Events that may wait for the application. Past it, they stay in the log on the server and are read from there."""


class Cursor(NamedTuple):
    """A place in the user's log: everything up to ``seq`` has been read, counted in ``epoch``."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Reset:
    """The log does not reach back to where this client was (or it is another log): read the conversations anew.

    All of the gap is missing or none of it, never a part. What follows comes after ``cursor``.
    """

    cursor: Cursor


ClientEvent = Event | Reset
"""What ``events()`` yields."""


class EventQueue:
    """The queue. Not more than ``size`` events wait in it; marks between them are merged."""

    def __init__(self, size: int = QUEUE_SIZE, *, enabled: bool = True) -> None:
        self.cursor: Cursor | None = None
        """Up to here the application has read."""
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
        """Half of it is free: worth fetching what was left on the server."""
        return self._events <= self._size // 2

    def put(self, notice: ClientEvent, cursor: Cursor | None) -> None:
        """Append an event; ``cursor`` is None for a fleeting one."""
        if not self._enabled:
            self.advance(cursor)
            return
        self._items.append((cursor, notice))
        self._events += 1

    def advance(self, cursor: Cursor | None) -> None:
        """Move on past something that the application need not see."""
        if cursor is None:
            return
        if not self._items:
            self.cursor = cursor
        elif self._items[-1][1] is None:
            self._items[-1] = (cursor, None)
        else:
            self._items.append((cursor, None))

    def start(self, cursor: Cursor) -> None:
        """Begin here, before anything was read."""
        self.cursor = cursor

    def reset(self, cursor: Cursor) -> None:
        """Say that everything up to ``cursor`` has to be read anew. Always fits: two in a row are one."""
        if self._items and isinstance(self._items[-1][1], Reset):
            self._items[-1] = (cursor, Reset(cursor))
        else:
            self.put(Reset(cursor), cursor)

    def take(self) -> ClientEvent | None:
        """The next event, or None if there is none yet. The cursor moves past it."""
        if not self._items:
            return None
        cursor, notice = self._items.popleft()
        self._events -= 1
        self.cursor = cursor or self.cursor
        # A mark is never first in the queue: it is passed as soon as nothing unread stands before it.
        while self._items and self._items[0][1] is None:
            self.cursor = self._items.popleft()[0] or self.cursor
        return notice
