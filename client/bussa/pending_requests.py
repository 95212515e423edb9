"""The requests that wait for their answer: pure, time is an argument.

    asked ──► waiting to be written ──► flown ──► answered
                     ▲                    │
                     ├──── put off ◄──────┤   a send that met rate_limited or unavailable
                     └────────────────────┘   the connection broke

A request keeps its id and its bytes for life, so what is repeated is the very same request: a ``send``
under its nonce, a read or a change of state because it may be carried out twice. ``report`` may not: every
report is a case of its own, so the caller is told that it is not known.

Requests that are repeated keep the order in which they were asked.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bussa import codec
from bussa.backoff import Backoff
from bussa.errors import ApiError, BussaError, RequestInterruptedError, RequestTimeoutError
from bussa_protocol import limits
from bussa_protocol.frames import requests
from bussa_protocol.frames.events import Event, MessageEvent
from bussa_protocol.frames.replies import ReplyWithId

Outcome = ReplyWithId | BussaError
NOT_RETRIED = (requests.ReportRequest,)


@dataclass(slots=True)
class PendingRequest:
    """One request and where it stands."""

    request: requests.RequestWithId
    data: bytes
    deadline: float
    in_flight: bool = False
    """It has been handed to a connection, this one or one before: it may have been carried out."""
    retry_at: float | None = None
    """When it is due again."""
    attempts: int = 0
    last_error: ApiError | None = None


@dataclass(slots=True)
class PendingRequests:
    """The table. Whoever asks bounds its size; ``settled`` holds outcomes until they are collected."""

    backoff: Backoff
    rng: Callable[[], float]
    settled: deque[tuple[int, Outcome]] = field(default_factory=deque[tuple[int, Outcome]])
    _pending: dict[int, PendingRequest] = field(default_factory=dict[int, PendingRequest])
    _queue: deque[int] = field(default_factory=deque[int])
    _last_id: int = 0
    _connected: bool = False

    def __len__(self) -> int:
        return len(self._pending)

    def next_id(self) -> int:
        """An id that no waiting request has; they begin anew after the largest."""
        while True:
            self._last_id = self._last_id % limits.REQUEST_ID_MAX + 1
            if self._last_id not in self._pending:
                return self._last_id

    def add(self, build: Callable[[int], requests.RequestWithId], deadline: float) -> int:
        """Enter the request that ``make`` gives for an id.

        Raises:
            BadRequestError: it does not fit into a frame.
        """
        id = self.next_id()
        request = build(id)
        self._pending[id] = PendingRequest(request, codec.encode(request), deadline)
        if self._connected:
            self._queue.append(id)
        return id

    def cancel(self, id: int) -> None:
        """Nobody waits for it any more."""
        self._pending.pop(id, None)

    def next_frame(self) -> bytes | None:
        """What to write next."""
        while self._queue:
            pending = self._pending.get(self._queue.popleft())
            if pending is not None:
                pending.in_flight = True
                return pending.data
        return None

    def connected(self) -> None:
        """A connection is there: everything that waits is written, oldest first."""
        self._connected = True
        self._queue = deque(id for id, ask in self._pending.items() if ask.retry_at is None)

    def disconnected(self) -> None:
        """The connection is gone. What may not be repeated is given back to its caller."""
        self._connected = False
        self._queue.clear()
        for id, pending in list(self._pending.items()):
            if pending.in_flight and isinstance(pending.request, NOT_RETRIED):
                self._settle(id, RequestInterruptedError("the connection broke before the answer came"))

    def resolve(self, reply: ReplyWithId) -> bool:
        """Settle a request by its reply; False if nobody waits for it."""
        if reply.id not in self._pending:
            return False
        self._settle(reply.id, reply)
        return True

    def reject(self, id: int, error: BussaError, now: float) -> bool:
        """Settle a request by its error, or put it off: a send that is worth repeating, while there is time."""
        pending = self._pending.get(id)
        if pending is None:
            return False
        if isinstance(pending.request, requests.SendRequest) and isinstance(error, ApiError) and error.code.retryable:
            due = now + self.backoff.retry_delay(error.retry_after, pending.attempts, self.rng())
            if due < pending.deadline:
                pending.retry_at, pending.attempts, pending.last_error = due, pending.attempts + 1, error
                return True
        self._settle(id, error)
        return True

    def tick(self, now: float) -> bool:
        """Write what was put off and is due, give up what has run out of time; True if anything was given up."""
        expired = [id for id, pending in self._pending.items() if pending.deadline <= now]
        for id in expired:
            pending = self._pending[id]
            nonce = pending.request.nonce if isinstance(pending.request, requests.SendRequest) else None
            # A send that the server put off last was refused; any other may have been carried out.
            self._settle(
                id,
                pending.last_error
                if pending.retry_at is not None and pending.last_error
                else RequestTimeoutError(nonce),
            )
        for id, pending in self._pending.items():
            if pending.retry_at is not None and pending.retry_at <= now:
                pending.retry_at = None
                if self._connected:
                    self._queue.append(id)
        return bool(expired)

    def timer(self) -> float | None:
        """When ``tick`` has something to do."""
        return min((min(ask.deadline, ask.retry_at or ask.deadline) for ask in self._pending.values()), default=None)

    def fail_all(self, error: BussaError) -> None:
        """The end: nothing that waits will be answered."""
        for id in list(self._pending):
            self._settle(id, error)

    def may_be_echo_of_pending(self, event: Event, user: str | None) -> bool:
        """Whether ``event`` may be the trace of a send that flew and is not answered yet.

        Only its answer can tell: another device of the same user may have said the same words.
        """
        if not isinstance(event, MessageEvent) or event.sender != user:
            return False
        return any(
            (send.to, send.text, send.reply_to) == (event.peer, event.text, event.reply_to)
            for send in self._in_flight_sends()
        )

    def _in_flight_sends(self) -> Iterator[requests.SendRequest]:
        for pending in self._pending.values():
            if pending.in_flight and isinstance(pending.request, requests.SendRequest):
                yield pending.request

    def _settle(self, id: int, outcome: Outcome) -> None:
        del self._pending[id]
        self.settled.append((id, outcome))
