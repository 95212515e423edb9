"""Where a device stands in its user's log, and when to read what is missing: pure, time is an argument.

    taken        everything up to here was passed on, in order
    own          seqs beyond it that are known from replies to own requests
    seen         the highest seq that anything has told of

``taken`` < ``seen`` means that something is on its way, or lost. How long to hope before asking for it
depends on what told: an event beyond the next one proves a loss; a reply may overtake an event; a replay
takes its time.
"""

from bussa.event_queue import Cursor
from bussa_protocol.cursor import Step, step

REPLY_GRACE = 0.25
"""Seconds that an event may come later than a reply with a higher seq, which takes the shorter way."""
REPLAY_GRACE = 10.0
"""Seconds without any progress after which a promised replay counts as lost."""


class LogCursor:
    """The cursor of one device."""

    def __init__(self, resume: Cursor | None = None) -> None:
        self.cursor: Cursor | None = resume
        self.own_seqs: set[int] = set()
        self.catch_up_at: float | None = None
        """When to read on from ``taken``; None: nothing is missing, or it is being read."""
        self.awaiting_reply = False
        """The next entry waits for the answer to a send that may have made it."""
        self._known_head = 0 if resume is None else resume.seq
        self._grace = 0.0

    @property
    def position(self) -> int:
        return 0 if self.cursor is None else self.cursor.seq

    @property
    def behind(self) -> bool:
        """Whether there are entries that were told of and not taken."""
        return self.position < self._known_head

    def start(self, cursor: Cursor) -> None:
        """Begin at ``cursor``: what was before is not this device's to count."""
        self.cursor, self._known_head = cursor, cursor.seq
        self.own_seqs.clear()
        self.clear_timers()

    def resumed(self, head: int, now: float) -> None:
        """A replay up to ``head`` has been promised."""
        self._known_head = max(self.position, head)
        self._allow_grace(now, REPLAY_GRACE)

    def clear_timers(self) -> None:
        """No connection: nothing to hope for, nothing to hold."""
        self.catch_up_at, self.awaiting_reply = None, False

    def is_next(self, seq: int, now: float) -> bool:
        """Whether the entry ``seq`` can be taken now. One that leaves a gap has to be read from the log."""
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
        """Move on to ``seq``, the next one."""
        assert self.cursor is not None
        self.cursor = Cursor(self.cursor.epoch, seq)
        self.own_seqs.discard(seq)
        if not self.behind:
            self.catch_up_at = None
        elif self.catch_up_at is not None:
            self.catch_up_at = max(self.catch_up_at, now + self._grace)

    def mark_own(self, seq: int) -> None:
        """``seq`` is an own write that is known from its reply."""
        if seq > self.position:
            self.own_seqs.add(seq)

    def skip_own(self, now: float) -> bool:
        """Move on past own writes whose turn has come; True if there were any."""
        before = self.position
        while self.position + 1 in self.own_seqs:
            self.advance(self.position + 1, now)
        return self.position > before

    def learn_head(self, seq: int, now: float) -> None:
        """A reply told that the log reaches to ``seq``; what lies before it may still be on its way."""
        self._known_head = max(self._known_head, seq)
        self._allow_grace(now, REPLY_GRACE)

    def schedule_catch_up(self, at: float) -> None:
        """Read on from ``taken`` at ``at``, or at once if that is due sooner."""
        if self.behind:
            self._grace = 0.0
            self.catch_up_at = at if self.catch_up_at is None else min(at, self.catch_up_at)

    def _allow_grace(self, now: float, grace: float) -> None:
        if self.behind and self.catch_up_at is None:
            self._grace = grace
            self.catch_up_at = now + grace
