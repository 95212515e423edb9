"""Where all data is kept.

**An implementer guarantees**

- `commit` is one transaction: it locks the log rows of all users in the batch, reads the rows that the commands
  touch, lets `bussa_server.domain.handlers` decide, and writes. It returns the outcomes in the order of the commands,
  once all of them are on disk (fsync). It raises `Unavailable` when that can't be known; then the batch is committed
  entirely or not at all, and repeating a nonce tells which.
- Sequence numbers have no holes: seq of a user's log, n of a conversation.
- A read that begins after a commit has returned sees it.
- External failures (a full disk, a lost connection, a timeout) raise `Unavailable`; they never give a false answer.
  A command that fails by itself (a defect) fails alone.
- A reader is shown what `bussa_server.domain.visibility` lets the reader see: what a blocked peer wrote or did is
  hidden in a log, a history, a list, and absent from a search.

**It does not guarantee** that two reads see the same snapshot.

**The caller** passes at most `MAX_BATCH` commands at a time, one batch after the other, and asks for pages of at
most `bussa_protocol.limits.PAGE_MAX` entries (logs: `MAX_LOG_PAGE`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from bussa_protocol.frames import parts
from bussa_protocol.frames.events import LogEvent
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import Outcome
from bussa_server.domain.users import Conversation, User

E = TypeVar("E")

MAX_BATCH = 1024
"""Commands per commit: bounds how long a single message can wait behind others. The fixed cost of a commit is shared
by its commands, so at full load few large batches are cheaper than many small ones."""

MAX_LOG_PAGE = 500
"""Events per log page."""

MAX_PAGE_CHARS = 64 * 1024
"""Characters of text per page, so that no reply exceeds a client's frame limit. A page of long texts has fewer
entries, but at least one."""

NO_UPPER_BOUND = 1 << 62
"""Beyond every seq, n and row key."""


class Unavailable(Exception):  # noqa: N818 - the contract's own word for it
    """The store is unavailable. Either nothing was committed, or a nonce makes it safe to retry."""


class CommandFailed(Unavailable):
    """A command could not be carried out for a reason of its own (`Faulted`): it would fail as well the next time."""


class Faulted(NamedTuple):
    """A command that failed by itself: a defect. Nothing of it was committed."""

    error: Exception


@dataclass(frozen=True, slots=True)
class LogPage:
    """Events ascending by seq. ``tail``: the oldest seq that the log still has (head + 1 if it has none)."""

    events: Sequence[LogEvent]
    head: int
    tail: int


@dataclass(frozen=True, slots=True)
class ResumeState:
    """What the handshake of a device reads. ``revoked_at``: tokens issued up to then (ms) are revoked."""

    revoked_at: int
    page: LogPage


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages; ``more``: whether there are more; ``next``: the cursor of the next page of a search."""

    messages: Sequence[parts.Message]
    more: bool
    next: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationPage:
    conversations: Sequence[parts.Conversation]
    next: str | None


@dataclass(frozen=True, slots=True)
class UserPage:
    users: Sequence[str]
    next: str | None


def take_page(entries: Iterable[E], length: Callable[[E], int], limit: int) -> tuple[list[E], bool]:
    """The entries that fit into a page, and whether there are more.

    At most ``limit`` entries and `MAX_PAGE_CHARS` characters in total; the first entry always fits. ``length`` counts
    the characters of an entry. Reads at most one entry past the page.
    """
    page: list[E] = []
    total = 0
    for entry in entries:
        total += length(entry)
        if len(page) == limit or (page and total > MAX_PAGE_CHARS):
            return page, True
        page.append(entry)
    return page, False


def parse_cursor(cursor: str | None) -> int:
    """The upper bound (exclusive) of a page that descends from ``cursor``; `NO_UPPER_BOUND` without one.

    Raises:
        ValueError: ``cursor`` was never the ``next`` of a page.
    """
    if cursor is None:
        return NO_UPPER_BOUND
    # `int` would also accept signs, spaces, underscores and the digits of other scripts.
    if not (cursor.isascii() and cursor.isdigit()):
        raise ValueError("invalid cursor")
    return min(int(cursor), NO_UPPER_BOUND)


class Store(Protocol):
    @property
    def epoch(self) -> str:
        """Identifies this store's logs: another store, or one restored from a backup, has another epoch."""
        ...

    async def commit(self, batch: Sequence[Command], now: int) -> Sequence[Outcome | Faulted]:
        """Apply a batch of commands at ``now`` (ms), in one transaction."""
        ...

    async def heads(self, users: Iterable[str]) -> dict[str, int]:
        """The newest seq of each user's log; unknown users are omitted."""
        ...

    async def revoked(self, users: Iterable[str]) -> dict[str, int]:
        """The ``revoked_at`` (ms) of each user; users without a revocation are omitted."""
        ...

    async def log(self, user: str, after: int, limit: int) -> LogPage:
        """At most ``limit`` events after the seq ``after``, fewer if their texts are long.

        Empty with ``tail`` > ``after`` + 1 if the log was trimmed beyond ``after``.
        """
        ...

    async def resume_state(self, user: str, after: int, limit: int) -> ResumeState | None:
        """`log` and the ``revoked_at`` of ``user``, in one read; None for an unknown user."""
        ...

    async def history(
        self, user: str, peer: str, before: int | None, after: int | None, limit: int
    ) -> MessagePage | None:
        """The newest messages, those before an n, or those after an n; ascending. None: there is no message yet."""
        ...

    async def conversations(self, user: str, folder: str, before: str | None, limit: int) -> ConversationPage:
        """Newest first. ``before`` is the ``next`` of a page.

        Raises:
            ValueError: ``before`` is not a cursor.
        """
        ...

    async def search(
        self, user: str, query: Sequence[str], peer: str | None, before: str | None, limit: int
    ) -> MessagePage | None:
        """Messages in which each of ``query`` (`domain.tokenizer.tokenize_query`) is a prefix of a word; newest first.

        With ``peer``, only messages of that conversation; None if it does not exist.

        Raises:
            ValueError: ``before`` is not a cursor.
        """
        ...

    async def get_user(self, user: str) -> User | None: ...

    async def get_conversation(self, one: str, other: str) -> Conversation | None:
        """The conversation of two users, with no messages if they never wrote; None if one of them is unknown."""
        ...

    async def follows(self, user: str, *, followers: bool, after: str | None, limit: int) -> UserPage:
        """The users whom ``user`` follows, or with ``followers`` the followers; ascending by id.

        ``after`` is the ``next`` of a page.
        """
        ...

    async def trim(self, now: int) -> int:
        """Delete log events past their retention (`bussa_protocol.limits.LOG_*`). Returns how many."""
        ...

    async def close(self) -> None: ...
