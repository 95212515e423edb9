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

from bussa import wire
from bussa.backoff import Backoff
from bussa.errors import BussaError, DeadlineError, InterruptedRequestError, RefusedError
from bussa_protocol import limits
from bussa_protocol.frames import requests
from bussa_protocol.frames.events import Event, Message
from bussa_protocol.frames.replies import Answered

Outcome = Answered | BussaError
NOT_REPEATED = (requests.Report,)


@dataclass(slots=True)
class Ask:
    """One request and where it stands."""

    request: requests.Asked
    data: bytes
    deadline: float
    flown: bool = False
    """It has been handed to a connection, this one or one before: it may have been carried out."""
    put_off: float | None = None
    """When it is due again."""
    tries: int = 0
    refused: RefusedError | None = None


@dataclass(slots=True)
class Asks:
    """The table. Whoever asks bounds its size; ``settled`` holds outcomes until they are collected."""

    backoff: Backoff
    chance: Callable[[], float]
    settled: deque[tuple[int, Outcome]] = field(default_factory=deque[tuple[int, Outcome]])
    _asks: dict[int, Ask] = field(default_factory=dict[int, Ask])
    _queue: deque[int] = field(default_factory=deque[int])
    _last_id: int = 0
    _live: bool = False

    def __len__(self) -> int:
        return len(self._asks)

    def next_id(self) -> int:
        """An id that no waiting request has; they begin anew after the largest."""
        while True:
            self._last_id = self._last_id % limits.REQUEST_ID_MAX + 1
            if self._last_id not in self._asks:
                return self._last_id

    def ask(self, make: Callable[[int], requests.Asked], deadline: float) -> int:
        """Enter the request that ``make`` gives for an id.

        Raises:
            BadRequestError: it does not fit into a frame.
        """
        id = self.next_id()
        request = make(id)
        self._asks[id] = Ask(request, wire.encode(request), deadline)
        if self._live:
            self._queue.append(id)
        return id

    def abandon(self, id: int) -> None:
        """Nobody waits for it any more."""
        self._asks.pop(id, None)

    def next(self) -> bytes | None:
        """What to write next."""
        while self._queue:
            ask = self._asks.get(self._queue.popleft())
            if ask is not None:
                ask.flown = True
                return ask.data
        return None

    def opened(self) -> None:
        """A connection is there: everything that waits is written, oldest first."""
        self._live = True
        self._queue = deque(id for id, ask in self._asks.items() if ask.put_off is None)

    def lost(self) -> None:
        """The connection is gone. What may not be repeated is given back to its caller."""
        self._live = False
        self._queue.clear()
        for id, ask in list(self._asks.items()):
            if ask.flown and isinstance(ask.request, NOT_REPEATED):
                self._settle(id, InterruptedRequestError("the connection broke before the answer came"))

    def answer(self, reply: Answered) -> bool:
        """Settle a request by its reply; False if nobody waits for it."""
        if reply.id not in self._asks:
            return False
        self._settle(reply.id, reply)
        return True

    def refuse(self, id: int, error: BussaError, now: float) -> bool:
        """Settle a request by its error, or put it off: a send that is worth repeating, while there is time."""
        ask = self._asks.get(id)
        if ask is None:
            return False
        if isinstance(ask.request, requests.Send) and isinstance(error, RefusedError) and error.code.worth_repeating:
            due = now + self.backoff.again(error.retry_after, ask.tries, self.chance())
            if due < ask.deadline:
                ask.put_off, ask.tries, ask.refused = due, ask.tries + 1, error
                return True
        self._settle(id, error)
        return True

    def tick(self, now: float) -> bool:
        """Write what was put off and is due, give up what has run out of time; True if anything was given up."""
        gone = [id for id, ask in self._asks.items() if ask.deadline <= now]
        for id in gone:
            ask = self._asks[id]
            nonce = ask.request.nonce if isinstance(ask.request, requests.Send) else None
            # A send that the server put off last was refused; any other may have been carried out.
            self._settle(id, ask.refused if ask.put_off is not None and ask.refused else DeadlineError(nonce))
        for id, ask in self._asks.items():
            if ask.put_off is not None and ask.put_off <= now:
                ask.put_off = None
                if self._live:
                    self._queue.append(id)
        return bool(gone)

    def timer(self) -> float | None:
        """When ``tick`` has something to do."""
        return min((min(ask.deadline, ask.put_off or ask.deadline) for ask in self._asks.values()), default=None)

    def fail(self, error: BussaError) -> None:
        """The end: nothing that waits will be answered."""
        for id in list(self._asks):
            self._settle(id, error)

    def may_have_said(self, event: Event, user: str | None) -> bool:
        """Whether ``event`` may be the trace of a send that flew and is not answered yet.

        Only its answer can tell: another device of the same user may have said the same words.
        """
        if not isinstance(event, Message) or event.sender != user:
            return False
        return any(
            (send.to, send.text, send.reply_to) == (event.peer, event.text, event.reply_to) for send in self._flown()
        )

    def _flown(self) -> Iterator[requests.Send]:
        for ask in self._asks.values():
            if ask.flown and isinstance(ask.request, requests.Send):
                yield ask.request

    def _settle(self, id: int, outcome: Outcome) -> None:
        del self._asks[id]
        self.settled.append((id, outcome))
