"""One device's place in its user's log: each event once, each seq exactly one more than the one before.

Live events are compared with the cursor. The next one is sent, an old one dropped. A gap is never guessed at:
the stream stops being live, remembers how far it must get, and reads on from the log, which is the truth
(*subscribe, then read, then merge by number*). Nothing is buffered meanwhile, so a device that is far behind
costs no memory.

A reply that carries a seq stands for the event of that seq: it takes its place in the order.
"""

from collections.abc import Callable

from bussa_protocol.codec import Codec
from bussa_protocol.cursor import Step, step
from bussa_server import telemetry
from bussa_server.ports.store import LOG_PAGE, LogPage, Store
from bussa_server.session.outbox import Outbox
from bussa_server.session.wire import Wire


class LogTooShortError(Exception):
    """The log no longer reaches back to the cursor: the device must begin anew."""


class Stream:
    """``on_gap`` is called when the stream stops being live; then somebody must call `catch_up`."""

    __slots__ = ("_codec", "_goal", "_greeting", "_on_gap", "_outbox", "_replies", "_store", "_user", "cursor", "live")

    def __init__(
        self, user: str, cursor: int, codec: Codec, outbox: Outbox, store: Store, on_gap: Callable[[], None]
    ) -> None:
        self._user = user
        self._codec = codec
        self._outbox = outbox
        self._store = store
        self._on_gap = on_gap
        self.cursor = cursor
        """The seq that was sent last."""
        self.live = False
        """Whether live events are sent as they come. A stream begins by catching up."""
        self._greeting = True
        self._goal = cursor
        """The highest seq heard of: there is at least that much to read."""
        self._replies: dict[int, bytes] = {}
        """Replies whose seq lies beyond a gap. At most as many as requests are under way."""

    def offer(self, seq: int, wire: Wire) -> None:
        """A live event of the user's."""
        if self.live:
            found = step(self.cursor, seq)
            if found is Step.NEXT:
                self.cursor = seq
                self._outbox.put(wire.bytes_for(self._codec))
            elif found is Step.GAP:
                self._fall_behind(seq)
        elif seq > self._goal:
            self._goal = seq

    def reply(self, seq: int, frame: bytes) -> None:
        """A reply that stands for the event ``seq``; an old seq: a send repeated under its nonce."""
        if seq <= self.cursor:
            self._outbox.put(frame)
        elif self.live and seq == self.cursor + 1:
            self.cursor = seq
            self._outbox.put(frame)
        else:
            self._replies[seq] = frame
            self._fall_behind(seq)

    def must_reach(self, head: int) -> None:
        """The log is known to reach ``head``: if the stream does not, something was lost on the way."""
        if head > self.cursor:
            self._fall_behind(head)

    def _fall_behind(self, seq: int) -> None:
        self._goal = max(self._goal, seq)
        if self.live:
            self.live = False
            self._on_gap()

    async def catch_up(self, first: LogPage | None = None) -> None:
        """Send what the log has after the cursor, until there is no more; then the stream is live.

        ``first``: the page after the cursor, where it was read already. Events offered since must have been noted.

        Goes at the pace of the peer, and ends early where that is gone: nothing is read for nobody.

        Must not run while a request that may append to the log is under way: its reply could come too late
        to take its place.

        Raises:
            LogTooShortError: see there.
            Unavailable: the store is out of reach; the stream stays as far as it got.
        """
        greeting, self._greeting, healed = self._greeting, False, 0
        while not self._outbox.ended:
            # Of what was heard of after ``first`` was read, and before now, that page says nothing.
            known = self._goal if first is None else None
            page = first or await self._store.log(self._user, self.cursor, LOG_PAGE)
            first = None
            if self.cursor + 1 < page.tail:
                raise LogTooShortError
            for event in page.events:
                self.cursor = event.seq
                reply = self._replies.pop(event.seq, None)
                self._outbox.put(reply if reply is not None else self._codec.encode(event))
            healed += len(page.events)
            # What was committed while the page was read is not in it, and was offered meanwhile: that moved the
            # goal. A seq that was heard of before, and that the log does not have even so, is none.
            self._goal = max(self._goal, page.head)
            if self.cursor >= self._goal or (not page.events and self._goal == known):
                self._go_live()
                if not greeting:
                    telemetry.log_healed(healed)
                return
            await self._outbox.drained()

    def _go_live(self) -> None:
        # In the turn in which the last page was looked at: no event can come in between.
        self._goal = self.cursor
        self.live = True
