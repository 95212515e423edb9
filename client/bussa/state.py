"""The whole client without a socket: frames in, frames and events out; no await, no clock.

    ask ──► Asks ──► next()        requests on their way out
    receive(frame) ──► settled     answers on their way back to their callers
                   └─► Log ──► Feed    events on their way to the application

What the application is promised, over any number of broken connections: of its user's log it meets each
entry once and in order, as an event or as the answer to its own request. Hence three rules:

- A reply with a seq stands in the place of an event: its seq is marked, and passed when its turn comes.
- The echo of a send whose answer was lost is held back until the answer comes: only that tells whether
  the message is this device's (then it is no event) or another device's with the same words.
- A reply to a request that nobody waits for any more (cancelled, out of time) marks nothing: the
  application does not know of it, so it gets the event.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bussa import wire
from bussa.asks import Asks
from bussa.backoff import Backoff
from bussa.errors import BehindError, NotContractError, refusal
from bussa.feed import Cursor, Feed, Notice
from bussa.log import Log
from bussa.wire import Skipped
from bussa_protocol import limits
from bussa_protocol.frames import requests
from bussa_protocol.frames.events import Event, Logged
from bussa_protocol.frames.replies import Answered, Error, Ok, Pong, Reply, Sent, Settings, Sync, Welcome

OWN_WRITES = 10_000
"""Own writes that may stand behind unread events; past it a further request is refused here (``BehindError``)."""


@dataclass(slots=True)
class Counters:
    """What was passed over, and how often. All of it is allowed by the contract, none of it in silence."""

    unknown_frames: int = 0
    unasked_replies: int = 0
    fleeting_dropped: int = 0
    heals: int = 0
    resets: int = 0


class State:
    """One user's device. Every method that needs the time is given it, in seconds of any steady clock."""

    def __init__(
        self,
        *,
        resume: Cursor | None = None,
        feed: Feed | None = None,
        backoff: Backoff | None = None,
        chance: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self.feed = feed if feed is not None else Feed()
        self.log = Log(resume)
        if resume is not None:
            self.feed.start(resume)
        self.asks = Asks(backoff or Backoff(), chance)
        self.counters = Counters()
        self.user: str | None = None
        self.live = False
        self.broken = False
        """The log could not be healed on this connection: close it, resuming will tell."""
        self._sync: int | None = None
        """The id of the ``sync`` that is under way."""
        self._sync_after = 0.0
        """Not before then another one, for the server asked to wait."""
        self._urgent: bytes | None = None
        self._typing: requests.Typing | None = None

    # ---- what the application does

    def ask(self, make: Callable[[int], requests.Asked], deadline: float) -> int:
        """Enter a request; its outcome will stand in ``asks.settled``.

        Raises:
            BehindError: too many own writes wait behind events that nobody reads.
            BadRequestError: it does not fit into a frame.
        """
        if len(self.log.own) >= OWN_WRITES:
            raise BehindError(f"{OWN_WRITES} own writes wait behind events that are not read")
        return self.asks.ask(make, deadline)

    def abandon(self, id: int, now: float) -> None:
        """The caller of a request is gone."""
        self.asks.abandon(id)
        self._release(now)

    def typing(self, peer: str) -> None:
        """Say that the user is writing, if there is a connection to say it on; the last one counts."""
        if self.live:
            self._typing = requests.Typing(peer=peer)

    def take(self, now: float) -> Notice | None:
        """The next event for the application, or None."""
        notice = self.feed.take()
        if self.log.behind and self.feed.roomy and self.log.heal_at is None:
            self.log.heal(now)
        return notice

    # ---- what the connection does

    def hello(self, token: str) -> bytes:
        """The first frame of a connection."""
        at = self.log.cursor
        if at is None:
            return wire.encode(requests.Hello(token=token))
        return wire.encode(requests.Hello(token=token, resume=at.seq, epoch=at.epoch))

    def welcome(self, frame: Welcome, now: float) -> None:
        """The connection is there. Everything unanswered is written again."""
        self.live, self.user = True, frame.user
        here = Cursor(frame.epoch, frame.head)
        if self.log.cursor is None:
            self.feed.start(here)
            self.log.start(here)
        elif frame.resumed:
            self.log.resumed(frame.head, now)
        else:
            self.counters.resets += 1
            self.log.start(here)
            self.feed.reset(here)
        self.asks.opened()

    def lost(self) -> None:
        """The connection is gone. The log is where it was: the next one resumes from there."""
        self.live = self.broken = False
        self._sync = self._urgent = self._typing = None
        self.log.rest()
        self.asks.lost()

    def next(self) -> bytes | None:
        """What to write next, or None."""
        if not self.live:
            return None
        if self._typing is not None:
            frame, self._typing = self._typing, None
            return wire.encode(frame)
        if self._urgent is not None:
            data, self._urgent = self._urgent, None
            return data
        return self.asks.next()

    def receive(self, frame: Reply | Event | Skipped, now: float) -> None:
        """Take one frame of the server's."""
        match frame:
            case Error():
                self._refused(frame, now)
            case Answered():
                self._answered(frame, now)
            case Skipped():
                self._skipped(frame, now)
            case Logged():
                self._entry(frame.seq, frame, now)
            case Welcome():
                self.counters.unasked_replies += 1
            case _:
                self._fleeting(frame)

    # ---- time

    def tick(self, now: float) -> None:
        """Do what is due."""
        if self.asks.tick(now):
            self._release(now)
        due = self._heal_due()
        if due is not None and due <= now:
            self._start_sync()

    def timer(self) -> float | None:
        """When ``tick`` is due, or None."""
        return min((at for at in (self.asks.timer(), self._heal_due()) if at is not None), default=None)

    # ---- replies

    def _answered(self, reply: Answered, now: float) -> None:
        if reply.id == self._sync:
            self._synced(reply, now)
            return
        known = self.asks.answer(reply)
        if not known:
            self.counters.unasked_replies += 1
        if isinstance(reply, Sent | Ok | Settings) and reply.seq is not None:
            self._own(reply.seq, now, known=known)
        if isinstance(reply, Pong | Sync):
            self.log.ahead(reply.head, now)
        self._release(now)

    def _refused(self, error: Error, now: float) -> None:
        problem = refusal(error.code, error.message, error.retry_after)
        if error.id is None:
            self.counters.unasked_replies += 1
        elif error.id == self._sync:
            self._sync = None
            if error.code.worth_repeating:
                self._sync_after = now + self.asks.backoff.again(error.retry_after, 0, self.asks.chance())
                self.log.heal(now)
            else:
                self.broken = True
        elif not self.asks.refuse(error.id, problem, now):
            self.counters.unasked_replies += 1
        self._release(now)

    def _skipped(self, frame: Skipped, now: float) -> None:
        self.counters.unknown_frames += 1
        if frame.id is not None:
            known = self.asks.refuse(frame.id, NotContractError(f"an answer that is none: {frame.type!r}"), now)
            self.broken = self.broken or frame.id == self._sync
            if frame.seq is not None:
                self._own(frame.seq, now, known=known)
        elif frame.seq is not None:
            self._entry(frame.seq, None, now)

    # ---- the log

    def _own(self, seq: int, now: float, *, known: bool) -> None:
        if known:
            self.log.mark_own(seq)
        self.log.ahead(seq, now)
        self._pass_own(now)

    def _entry(self, seq: int, event: Event | None, now: float) -> None:
        """Take one entry of the log, in order; None is one that the application need not see."""
        if not self.log.is_next(seq, now):
            return
        if seq in self.log.own or event is None:
            self.log.take(seq, now)
            self.feed.mark(self.log.cursor)
        elif self.feed.full or self.log.held:
            self.log.heal(now)
        elif self.asks.may_have_said(event, self.user):
            self.log.held = True
        else:
            self.log.take(seq, now)
            self.feed.put(event, self.log.cursor)
        self._pass_own(now)

    def _pass_own(self, now: float) -> None:
        if self.log.pass_own(now):
            self.feed.mark(self.log.cursor)

    def _release(self, now: float) -> None:
        # Something was settled: what was held back for it is read again, from the log.
        if self.log.held:
            self.log.held = False
            self.log.heal(now)

    # ---- healing

    def _heal_due(self) -> float | None:
        if not self.live or self._sync is not None or self.log.held or not self.feed.roomy or not self.log.behind:
            return None
        return None if self.log.heal_at is None else max(self.log.heal_at, self._sync_after)

    def _start_sync(self) -> None:
        assert self.log.cursor is not None
        self.counters.heals += 1
        self._sync = self.asks.next_id()
        self.log.heal_at = None
        self._urgent = wire.encode(requests.Sync(id=self._sync, after=self.log.cursor.seq, limit=limits.PAGE_MAX))

    def _synced(self, reply: Answered, now: float) -> None:
        self._sync = None
        before = self.log.taken
        if isinstance(reply, Sync):
            for value in reply.events:
                entry = wire.typed(value)
                if isinstance(entry, Logged):
                    self._entry(entry.seq, entry, now)
                elif isinstance(entry, Skipped):
                    self._skipped(entry, now)
            self.log.ahead(reply.head, now)
        if self.log.held or self.feed.full or not self.log.behind:
            return
        if self.log.taken == before:
            # The log no longer has what comes next: only a resume can tell, and gives a reset.
            self.broken = True
        else:
            self.log.heal(now)

    def _fleeting(self, event: Event) -> None:
        if self.feed.full:
            self.counters.fleeting_dropped += 1
        else:
            self.feed.put(event, None)
