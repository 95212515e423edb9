"""The requests without a reply. Pure: time is an argument.

    added ──► queued ──► in flight ──► settled
                ▲            │
                ├─ retry_at ◄┤   a send met rate_limited or unavailable
                └────────────┘   the connection broke

A request keeps its id and its bytes, so a retry is the same request. A ``send`` is idempotent by its nonce, reads and
state changes by nature. A ``report`` is not: each one opens a case, so its caller gets an error instead of a retry.
Retries keep the order in which the requests were added.
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
    """One request and its state."""

    request: requests.RequestWithId
    data: bytes
    deadline: float
    in_flight: bool = False
    """It was written to a connection, this one or an earlier one, so the server may have executed it."""
    retry_at: float | None = None
    """When to write it again."""
    attempts: int = 0
    last_error: ApiError | None = None


@dataclass(slots=True)
class PendingRequests:
    """The table of pending requests. The caller bounds its size and collects the outcomes from ``settled``."""

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
        """An id that no pending request uses. Ids wrap around after the largest."""
        while True:
            self._last_id = self._last_id % limits.REQUEST_ID_MAX + 1
            if self._last_id not in self._pending:
                return self._last_id

    def add(self, build: Callable[[int], requests.RequestWithId], deadline: float) -> int:
        """Add the request that ``build`` returns for an id, and return the id.

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
        """Forget a request: its caller is gone."""
        self._pending.pop(id, None)

    def next_frame(self) -> bytes | None:
        """The next frame to write, or None."""
        while self._queue:
            pending = self._pending.get(self._queue.popleft())
            if pending is not None:
                pending.in_flight = True
                return pending.data
        return None

    def connected(self) -> None:
        """Connected: queue every pending request, oldest first."""
        self._connected = True
        self._queue = deque(id for id, pending in self._pending.items() if pending.retry_at is None)

    def disconnected(self) -> None:
        """Disconnected: fail what must not be retried."""
        self._connected = False
        self._queue.clear()
        for id, pending in list(self._pending.items()):
            if pending.in_flight and isinstance(pending.request, NOT_RETRIED):
                self._settle(id, RequestInterruptedError("disconnected before the reply"))

    def resolve(self, reply: ReplyWithId) -> bool:
        """Settle a request with its reply. False if no request has that id."""
        if reply.id not in self._pending:
            return False
        self._settle(reply.id, reply)
        return True

    def reject(self, id: int, error: BussaError, now: float) -> bool:
        """Settle a request with its error, or schedule a retry of a send before its deadline."""
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
        """Queue the retries that are due, and settle what is past its deadline. True if anything was."""
        expired = [id for id, pending in self._pending.items() if pending.deadline <= now]
        for id in expired:
            pending = self._pending[id]
            nonce = pending.request.nonce if isinstance(pending.request, requests.SendRequest) else None
            # A send that waits for a retry is known to be refused; any other may have been executed.
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
        """When to call ``tick``; None: never."""
        return min(
            (min(pending.deadline, pending.retry_at or pending.deadline) for pending in self._pending.values()),
            default=None,
        )

    def fail_all(self, error: BussaError) -> None:
        """Settle all of them with ``error``."""
        for id in list(self._pending):
            self._settle(id, error)

    def may_be_echo_of_pending(self, event: Event, user: str | None) -> bool:
        """Whether ``event`` may be the echo of a send that is in flight.

        Only the reply can tell: another device of the same user may have sent the same text.
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
