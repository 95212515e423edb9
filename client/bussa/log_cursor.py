"""The position of a device in its user's log, and when to fetch what is missing. Pure: time is an argument.

    position     everything up to here was delivered, in order
    own_seqs     seqs beyond it that are known from replies to own requests
    known head   the highest seq seen anywhere

``position`` < known head means that entries are under way or lost. How long to wait before fetching them depends on
the source: an event beyond the next one proves a loss; a reply may overtake an event; a replay takes a while.
"""

from bussa.event_queue import Cursor
from bussa_protocol.cursor import Step, step

REPLY_GRACE = 0.25
"""Seconds by which a reply with a higher seq may overtake an event."""
REPLAY_GRACE = 10.0
"""Seconds without progress after which an announced replay counts as lost."""


class LogCursor:
    """The cursor of one device."""

    def __init__(self, resume: Cursor | None = None) -> None:
        self.cursor: Cursor | None = resume
        self.own_seqs: set[int] = set()
        self.catch_up_at: float | None = None
        """When to fetch from ``position`` on; None: nothing is missing, or it is being fetched."""
        self.awaiting_reply = False
        """The next entry is held until the send that may have caused it is answered."""
        self._known_head = 0 if resume is None else resume.seq
        self._grace = 0.0

    @property
    def position(self) -> int:
        return 0 if self.cursor is None else self.cursor.seq

    @property
    def behind(self) -> bool:
        """Whether entries are missing."""
        return self.position < self._known_head

    def start(self, cursor: Cursor) -> None:
        """Start at ``cursor``, whatever came before."""
        self.cursor, self._known_head = cursor, cursor.seq
        self.own_seqs.clear()
        self.clear_timers()

    def resumed(self, head: int, now: float) -> None:
        """The server announced a replay up to ``head``."""
        self._known_head = max(self.position, head)
        self._allow_grace(now, REPLAY_GRACE)

    def clear_timers(self) -> None:
        """Disconnected: nothing to wait for, nothing to hold."""
        self.catch_up_at, self.awaiting_reply = None, False

    def is_next(self, seq: int, now: float) -> bool:
        """Whether the entry ``seq`` is next. A gap schedules a fetch."""
        self._known_head = max(self._known_head, seq)
        match step(self.position, seq):
            case Step.NEXT:
                return True
            case Step.GAP:
                self.schedule_catch_up(now)
                return False
            case Step.OLD:
                return False

    def advance(self, seq: int, now: float) -> None:
        """Advance to ``seq``, the next one."""
        assert self.cursor is not None
        self.cursor = Cursor(self.cursor.epoch, seq)
        self.own_seqs.discard(seq)
        if not self.behind:
            self.catch_up_at = None
        elif self.catch_up_at is not None:
            self.catch_up_at = max(self.catch_up_at, now + self._grace)

    def mark_own(self, seq: int) -> None:
        """Record an own write that is known from its reply."""
        if seq > self.position:
            self.own_seqs.add(seq)

    def skip_own(self, now: float) -> bool:
        """Advance past own writes that are next. True if there were any."""
        before = self.position
        while self.position + 1 in self.own_seqs:
            self.advance(self.position + 1, now)
        return self.position > before

    def learn_head(self, seq: int, now: float) -> None:
        """A reply says that the log reaches ``seq``; earlier events may still be under way."""
        self._known_head = max(self._known_head, seq)
        self._allow_grace(now, REPLY_GRACE)

    def schedule_catch_up(self, at: float) -> None:
        """Fetch what is missing at ``at``, or earlier if already scheduled."""
        if self.behind:
            self._grace = 0.0
            self.catch_up_at = at if self.catch_up_at is None else min(at, self.catch_up_at)

    def _allow_grace(self, now: float, grace: float) -> None:
        if self.behind and self.catch_up_at is None:
            self._grace = grace
            self.catch_up_at = now + grace
