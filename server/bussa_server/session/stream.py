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
from bussa_server.ports.store import MAX_LOG_PAGE, LogPage, Store
from bussa_server.session.encoded_event import EncodedEvent
from bussa_server.session.send_queue import SendQueue


class LogTrimmedError(Exception):
    """The log no longer reaches back to the cursor: the device must begin anew."""


class Stream:
    """``on_gap`` is called when the stream stops being live; then somebody must call `catch_up`."""

    __slots__ = (
        "_codec",
        "_first_catch_up",
        "_on_gap",
        "_pending_replies",
        "_send_queue",
        "_store",
        "_target",
        "_user",
        "cursor",
        "live",
    )

    def __init__(
        self, user: str, cursor: int, codec: Codec, send_queue: SendQueue, store: Store, on_gap: Callable[[], None]
    ) -> None:
        self._user = user
        self._codec = codec
        self._send_queue = send_queue
        self._store = store
        self._on_gap = on_gap
        self.cursor = cursor
        """The seq that was sent last."""
        self.live = False
        """Whether live events are sent as they come. A stream begins by catching up."""
        self._first_catch_up = True
        self._target = cursor
        """The highest seq heard of: there is at least that much to read."""
        self._pending_replies: dict[int, bytes] = {}
        """Replies whose seq lies beyond a gap. At most as many as requests are under way."""

    def offer(self, seq: int, encoded: EncodedEvent) -> None:
        """A live event of the user's."""
        if self.live:
            found = step(self.cursor, seq)
            if found is Step.NEXT:
                self.cursor = seq
                self._send_queue.put(encoded.bytes_for(self._codec))
            elif found is Step.GAP:
                self._fall_behind(seq)
        elif seq > self._target:
            self._target = seq

    def reply(self, seq: int, frame: bytes) -> None:
        """A reply that stands for the event ``seq``; an old seq: a send repeated under its nonce."""
        if seq <= self.cursor:
            self._send_queue.put(frame)
        elif self.live and seq == self.cursor + 1:
            self.cursor = seq
            self._send_queue.put(frame)
        else:
            self._pending_replies[seq] = frame
            self._fall_behind(seq)

    def expect_head(self, head: int) -> None:
        """The log is known to reach ``head``: if the stream does not, something was lost on the way."""
        if head > self.cursor:
            self._fall_behind(head)

    def _fall_behind(self, seq: int) -> None:
        self._target = max(self._target, seq)
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
        first_catch_up, self._first_catch_up, recovered = self._first_catch_up, False, 0
        while not self._send_queue.ended:
            # Of what was heard of after ``first`` was read, and before now, that page says nothing.
            target = self._target if first is None else None
            page = first or await self._store.log(self._user, self.cursor, MAX_LOG_PAGE)
            first = None
            if self.cursor + 1 < page.tail:
                raise LogTrimmedError
            for event in page.events:
                self.cursor = event.seq
                reply = self._pending_replies.pop(event.seq, None)
                self._send_queue.put(reply if reply is not None else self._codec.encode(event))
            recovered += len(page.events)
            # What was committed while the page was read is not in it, and was offered meanwhile: that moved the
            # goal. A seq that was heard of before, and that the log does not have even so, is none.
            self._target = max(self._target, page.head)
            if self.cursor >= self._target or (not page.events and self._target == target):
                self._go_live()
                if not first_catch_up:
                    telemetry.gap_recovered(recovered)
                return
            await self._send_queue.drained()

    def _go_live(self) -> None:
        # In the turn in which the last page was looked at: no event can come in between.
        self._target = self.cursor
        self.live = True
