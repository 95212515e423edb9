"""Where everything is kept.

**An implementer guarantees**

- `commit` is one transaction: it reads what its commands touch, locks it (the log rows of both users), lets
  `bussa_server.domain.handlers` decide, and writes. It returns when all of it is on disk (fsync), the outcomes in the
  order of the commands. Raises `Unavailable` when that can't be known; then the batch is there whole or not at
  all, and a nonce tells which.
- Numbers without holes: seq of a user's log, n of a conversation.
- A read that begins after a commit has returned sees it.
- Whatever goes wrong outside (a full disk, a lost connection, a deadline) is `Unavailable`, never a false answer.
  A command that fails by itself (a defect) fails alone.
- What a peer wrote whom the reader blocks is not shown: hidden in a log, a history, a list; absent from a search.

**It does not guarantee** that reads of two calls belong to one moment.

**The caller** hands over at most `MAX_BATCH` commands at a time, one batch after the other, and asks for pages of at
most `bussa_protocol.limits.PAGE_MAX` (logs: `MAX_LOG_PAGE`).
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
"""Commands of one commit at the most: bounds how long a lone message can wait behind others. What a commit costs
besides its commands is spread over them, so at full load few large ones cost less than many small ones."""

MAX_LOG_PAGE = 500
"""Events of one page of a log at the most."""

MAX_PAGE_CHARS = 64 * 1024
"""Characters of text of one page at the most, so that no reply is larger than a client will take. A page with
more ends earlier, but never before its first entry."""


class Unavailable(Exception):  # noqa: N818 - the contract's own word for it
    """The store is out of reach: nothing was committed, or a nonce makes it safe to ask again."""


class CommandFailed(Unavailable):
    """A command could not be carried out for a reason of its own (`Faulted`): it would fail as well the next time."""


class Faulted(NamedTuple):
    """A command that could not be carried out for a reason of its own: a defect. Nothing of it was committed."""

    error: Exception


@dataclass(frozen=True, slots=True)
class LogPage:
    """Events ascending by seq. ``tail``: the oldest seq that the log still has (head + 1 if it has none)."""

    events: Sequence[LogEvent]
    head: int
    tail: int


@dataclass(frozen=True, slots=True)
class ResumeState:
    """What is read to greet a device. ``revoked_at``: tokens issued up to then (ms) are void."""

    revoked_at: int
    page: LogPage


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages, and whether there are more beyond (``more``), from where (``next``)."""

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
    the characters of an entry. Reads no more entries than the answer needs.
    """
    page: list[E] = []
    total = 0
    for entry in entries:
        total += length(entry)
        if len(page) == limit or (page and total > MAX_PAGE_CHARS):
            return page, True
        page.append(entry)
    return page, False


class Store(Protocol):
    @property
    def epoch(self) -> str:
        """Names the log that this store keeps: another store, or one restored from a backup, has another."""
        ...

    async def commit(self, batch: Sequence[Command], now: int) -> Sequence[Outcome | Faulted]:
        """Carry out commands at ``now`` (ms)."""
        ...

    async def heads(self, users: Iterable[str]) -> dict[str, int]:
        """The newest seq of each user's log; who does not exist is left out."""
        ...

    async def revoked(self, users: Iterable[str]) -> dict[str, int]:
        """Up to when (ms) tokens are void, of those of ``users`` who have ever ended their sessions."""
        ...

    async def log(self, user: str, after: int, limit: int) -> LogPage:
        """Events after a seq, fewer than ``limit`` where they are long.

        Empty with ``tail`` > ``after`` + 1 when the log no longer reaches back that far.
        """
        ...

    async def resume_state(self, user: str, after: int, limit: int) -> ResumeState | None:
        """`log`, and since when tokens of ``user`` count, for one question less; None if there is no such user."""
        ...

    async def history(
        self, user: str, peer: str, before: int | None, after: int | None, limit: int
    ) -> MessagePage | None:
        """The newest messages, those before an n, or those after one; ascending. None: nothing was written yet."""
        ...

    async def conversations(self, user: str, folder: str, before: str | None, limit: int) -> ConversationPage:
        """Newest first. ``before`` is the ``next`` of a page. Raises ``ValueError`` for a cursor it did not give."""
        ...

    async def search(
        self, user: str, query: Sequence[str], peer: str | None, before: str | None, limit: int
    ) -> MessagePage | None:
        """Messages in which each of ``query`` (`domain.tokenizer.tokenize_query`) begins a word; newest first.

        With ``peer`` only of that conversation; None if there is none. Raises ``ValueError`` for a cursor it did
        not give.
        """
        ...

    async def get_user(self, user: str) -> User | None: ...

    async def get_conversation(self, one: str, other: str) -> Conversation | None:
        """How two users stand to each other; None if one of them does not exist."""
        ...

    async def follows(self, user: str, *, followers: bool, after: str | None, limit: int) -> UserPage:
        """Whom ``user`` follows, or who follows ``user``; ascending by id. ``after``: the ``next`` of a page."""
        ...

    async def trim(self, now: int) -> int:
        """Forget what a log need not reach back to (`bussa_protocol.limits.LOG_*`). Returns how many events."""
        ...

    async def close(self) -> None: ...
