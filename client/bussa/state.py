"""The state machine of a client: frames in, frames and events out. No await, no clock.

    add_request ──► PendingRequests ──► next_frame()       requests to write
    receive(frame) ──► PendingRequests.settled             outcomes for their callers
                   └─► LogCursor ──► EventQueue            events for the application

The application gets the user's log in order, each entry once, across any number of connections: as an event, or as the
reply to its own request. Hence three rules:

- A reply with a seq replaces an event: the seq is marked, and skipped when it is next.
- The echo of a send whose reply was lost is held until the reply comes. Only the reply tells whether the message is
  this device's (then it is no event) or another device's with the same text.
- A reply to a request without a caller (cancelled, timed out) marks nothing. The application does not know of it, so it
  gets the event.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bussa import codec
from bussa.backoff import Backoff
from bussa.codec import UnknownFrame
from bussa.errors import EventBacklogError, ProtocolError, api_error
from bussa.event_queue import ClientEvent, Cursor, EventQueue
from bussa.log_cursor import LogCursor
from bussa.pending_requests import PendingRequests
from bussa_protocol import limits
from bussa_protocol.frames import requests
from bussa_protocol.frames.events import Event, LogEventBase
from bussa_protocol.frames.replies import (
    ErrorReply,
    OkReply,
    PongReply,
    Reply,
    ReplyWithId,
    SentReply,
    SettingsReply,
    SyncReply,
    WelcomeReply,
)

OWN_WRITES_MAX = 10_000
"""Own writes that may wait behind unread events; further requests raise ``EventBacklogError``."""


@dataclass(slots=True)
class Counters:
    """Frames that were ignored, as the protocol allows, and recoveries."""

    unknown_frames: int = 0
    unexpected_replies: int = 0
    ephemeral_dropped: int = 0
    gap_recoveries: int = 0
    resets: int = 0


class ClientState:
    """One user's device. ``now`` is in seconds of any monotonic clock."""

    def __init__(
        self,
        *,
        resume: Cursor | None = None,
        event_queue: EventQueue | None = None,
        backoff: Backoff | None = None,
        rng: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self.event_queue = event_queue if event_queue is not None else EventQueue()
        self.log_cursor = LogCursor(resume)
        if resume is not None:
            self.event_queue.start(resume)
        self.pending = PendingRequests(backoff or Backoff(), rng)
        self.counters = Counters()
        self.user: str | None = None
        self.connected = False
        self.must_reconnect = False
        """Gap recovery failed on this connection: close it; the next welcome decides between resume and reset."""
        self._sync_id: int | None = None
        """The id of the ``sync`` in flight."""
        self._sync_not_before = 0.0
        """Earliest time of the next ``sync``: the server's ``retry_after``."""
        self._sync_frame: bytes | None = None
        self._typing_frame: requests.TypingRequest | None = None

    # ---- called by the application

    def add_request(self, build: Callable[[int], requests.RequestWithId], deadline: float) -> int:
        """Add a request and return its id; its outcome appears in ``pending.settled``.

        Raises:
            EventBacklogError: too many own writes wait behind unread events.
            BadRequestError: it does not fit into a frame.
        """
        if len(self.log_cursor.own_seqs) >= OWN_WRITES_MAX:
            raise EventBacklogError(f"{OWN_WRITES_MAX} own writes wait behind unread events")
        return self.pending.add(build, deadline)

    def cancel(self, id: int, now: float) -> None:
        """Forget a request: its caller is gone."""
        self.pending.cancel(id)
        self._release_held_entry(now)

    def typing(self, peer: str) -> None:
        """Queue a typing indicator; the latest replaces earlier ones. Dropped while disconnected."""
        if self.connected:
            self._typing_frame = requests.TypingRequest(peer=peer)

    def take_event(self, now: float) -> ClientEvent | None:
        """The next event for the application, or None."""
        event = self.event_queue.take()
        if self.log_cursor.behind and self.event_queue.half_empty and self.log_cursor.catch_up_at is None:
            self.log_cursor.schedule_catch_up(now)
        return event

    # ---- called by the connection

    def hello(self, token: str) -> bytes:
        """The first frame of a connection."""
        at = self.log_cursor.cursor
        if at is None:
            return codec.encode(requests.HelloRequest(token=token))
        return codec.encode(requests.HelloRequest(token=token, resume=at.seq, epoch=at.epoch))

    def welcome(self, frame: WelcomeReply, now: float) -> None:
        """Connected. Every pending request is queued again."""
        self.connected, self.user = True, frame.user
        here = Cursor(frame.epoch, frame.head)
        if self.log_cursor.cursor is None:
            self.event_queue.start(here)
            self.log_cursor.start(here)
        elif frame.resumed:
            self.log_cursor.resumed(frame.head, now)
        else:
            self.counters.resets += 1
            self.log_cursor.start(here)
            self.event_queue.reset(here)
        self.pending.connected()

    def disconnected(self) -> None:
        """Disconnected. The next connection resumes from the log position."""
        self.connected = self.must_reconnect = False
        self._sync_id = self._sync_frame = self._typing_frame = None
        self.log_cursor.clear_timers()
        self.pending.disconnected()

    def next_frame(self) -> bytes | None:
        """The next frame to write, or None."""
        if not self.connected:
            return None
        if self._typing_frame is not None:
            frame, self._typing_frame = self._typing_frame, None
            return codec.encode(frame)
        if self._sync_frame is not None:
            data, self._sync_frame = self._sync_frame, None
            return data
        return self.pending.next_frame()

    def receive(self, frame: Reply | Event | UnknownFrame, now: float) -> None:
        """Process a frame of the server."""
        match frame:
            case ErrorReply():
                self._on_error(frame, now)
            case ReplyWithId():
                self._on_reply(frame, now)
            case UnknownFrame():
                self._on_unknown(frame, now)
            case LogEventBase():
                self._on_log_entry(frame.seq, frame, now)
            case WelcomeReply():
                self.counters.unexpected_replies += 1
            case _:
                self._on_ephemeral(frame)

    # ---- timers

    def tick(self, now: float) -> None:
        """Do what is due."""
        if self.pending.tick(now):
            self._release_held_entry(now)
        due = self._catch_up_due()
        if due is not None and due <= now:
            self._start_sync()

    def timer(self) -> float | None:
        """When to call ``tick``; None: never."""
        return min((at for at in (self.pending.timer(), self._catch_up_due()) if at is not None), default=None)

    # ---- replies

    def _on_reply(self, reply: ReplyWithId, now: float) -> None:
        if reply.id == self._sync_id:
            self._on_sync_page(reply, now)
            return
        known = self.pending.resolve(reply)
        if not known:
            self.counters.unexpected_replies += 1
        if isinstance(reply, SentReply | OkReply | SettingsReply) and reply.seq is not None:
            self._on_own_seq(reply.seq, now, known=known)
        if isinstance(reply, PongReply | SyncReply):
            self.log_cursor.learn_head(reply.head, now)
        self._release_held_entry(now)

    def _on_error(self, error: ErrorReply, now: float) -> None:
        problem = api_error(error.code, error.message, error.retry_after)
        if error.id is None:
            self.counters.unexpected_replies += 1
        elif error.id == self._sync_id:
            self._sync_id = None
            if error.code.retryable:
                self._sync_not_before = now + self.pending.backoff.retry_delay(error.retry_after, 0, self.pending.rng())
                self.log_cursor.schedule_catch_up(now)
            else:
                self.must_reconnect = True
        elif not self.pending.reject(error.id, problem, now):
            self.counters.unexpected_replies += 1
        self._release_held_entry(now)

    def _on_unknown(self, frame: UnknownFrame, now: float) -> None:
        self.counters.unknown_frames += 1
        if frame.id is not None:
            known = self.pending.reject(frame.id, ProtocolError(f"unknown reply {frame.type!r}"), now)
            self.must_reconnect = self.must_reconnect or frame.id == self._sync_id
            if frame.seq is not None:
                self._on_own_seq(frame.seq, now, known=known)
        elif frame.seq is not None:
            self._on_log_entry(frame.seq, None, now)

    # ---- the log

    def _on_own_seq(self, seq: int, now: float, *, known: bool) -> None:
        if known:
            self.log_cursor.mark_own(seq)
        self.log_cursor.learn_head(seq, now)
        self._skip_own(now)

    def _on_log_entry(self, seq: int, event: Event | None, now: float) -> None:
        """Process an entry of the log; None: one that the application does not see."""
        if not self.log_cursor.is_next(seq, now):
            return
        if seq in self.log_cursor.own_seqs or event is None:
            self.log_cursor.advance(seq, now)
            self.event_queue.advance(self.log_cursor.cursor)
        elif self.event_queue.full or self.log_cursor.awaiting_reply:
            self.log_cursor.schedule_catch_up(now)
        elif self.pending.may_be_echo_of_pending(event, self.user):
            self.log_cursor.awaiting_reply = True
        else:
            self.log_cursor.advance(seq, now)
            self.event_queue.put(event, self.log_cursor.cursor)
        self._skip_own(now)

    def _skip_own(self, now: float) -> None:
        if self.log_cursor.skip_own(now):
            self.event_queue.advance(self.log_cursor.cursor)

    def _release_held_entry(self, now: float) -> None:
        # A request was settled: fetch the entry that was held for it.
        if self.log_cursor.awaiting_reply:
            self.log_cursor.awaiting_reply = False
            self.log_cursor.schedule_catch_up(now)

    # ---- gap recovery

    def _catch_up_due(self) -> float | None:
        if (
            not self.connected
            or self._sync_id is not None
            or self.log_cursor.awaiting_reply
            or not self.event_queue.half_empty
            or not self.log_cursor.behind
        ):
            return None
        return None if self.log_cursor.catch_up_at is None else max(self.log_cursor.catch_up_at, self._sync_not_before)

    def _start_sync(self) -> None:
        assert self.log_cursor.cursor is not None
        self.counters.gap_recoveries += 1
        self._sync_id = self.pending.next_id()
        self.log_cursor.catch_up_at = None
        self._sync_frame = codec.encode(
            requests.SyncRequest(id=self._sync_id, after=self.log_cursor.cursor.seq, limit=limits.PAGE_MAX)
        )

    def _on_sync_page(self, reply: ReplyWithId, now: float) -> None:
        self._sync_id = None
        before = self.log_cursor.position
        if isinstance(reply, SyncReply):
            for value in reply.events:
                entry = codec.frame_from_map(value)
                if isinstance(entry, LogEventBase):
                    self._on_log_entry(entry.seq, entry, now)
                elif isinstance(entry, UnknownFrame):
                    self._on_unknown(entry, now)
            self.log_cursor.learn_head(reply.head, now)
        if self.log_cursor.awaiting_reply or self.event_queue.full or not self.log_cursor.behind:
            return
        if self.log_cursor.position == before:
            # No progress: the log was trimmed. Only a new resume gives a reset.
            self.must_reconnect = True
        else:
            self.log_cursor.schedule_catch_up(now)

    def _on_ephemeral(self, event: Event) -> None:
        if self.event_queue.full:
            self.counters.ephemeral_dropped += 1
        else:
            self.event_queue.put(event, None)
