"""One device's position in its user's log: each event is sent once, with no gap between seqs.

A live event is compared with the cursor: the next one is sent, an old one is dropped. On a gap the stream stops being
live, remembers the highest seq it has heard of, and catches up from the log (*subscribe, then read, then merge by
seq*). Nothing is buffered meanwhile, so a device that is far behind costs no memory.

A reply with a seq stands for the event of that seq and is sent in its place.
"""

from collections.abc import Callable

from bussa_protocol.codec import Codec
from bussa_protocol.cursor import Step, step
from bussa_server import telemetry
from bussa_server.node.encoded_event import EncodedEvent
from bussa_server.ports.store import MAX_LOG_PAGE, LogPage, Store
from bussa_server.session.send_queue import SendQueue


class LogTrimmedError(Exception):
    """The log was trimmed beyond the cursor: the device can't resume."""


class Stream:
    """``on_gap`` is called when the stream stops being live; its owner must then call `catch_up`."""

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
        """The last seq sent."""
        self.live = False
        """Whether live events are sent at once. False at first: a stream begins by catching up."""
        self._first_catch_up = True
        self._target = cursor
        """The highest seq heard of: catching up must get at least that far."""
        self._pending_replies: dict[int, bytes] = {}
        """Replies whose seq lies beyond a gap. At most as many as there are pending writes."""

    def offer(self, seq: int, encoded: EncodedEvent) -> None:
        """Take a live event."""
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
        """Take a reply that stands for the event ``seq``. An old seq means a send repeated with its nonce."""
        if seq <= self.cursor:
            self._send_queue.put(frame)
        elif self.live and seq == self.cursor + 1:
            self.cursor = seq
            self._send_queue.put(frame)
        else:
            self._pending_replies[seq] = frame
            self._fall_behind(seq)

    def expect_head(self, head: int) -> None:
        """The head of the log is at least ``head``: catch up if the stream is behind it."""
        if head > self.cursor:
            self._fall_behind(head)

    def _fall_behind(self, seq: int) -> None:
        self._target = max(self._target, seq)
        if self.live:
            self.live = False
            self._on_gap()

    async def catch_up(self, first: LogPage | None = None) -> None:
        """Send the events after the cursor, page by page, to the head of the log. Then the stream is live.

        ``first``: the page after the cursor, if already read. Events committed since must have been offered.

        The next page is read only when the peer has taken the last one. Ends early when the peer is gone.

        Must not run while a write is pending: its reply could come too late to take the place of its event.

        Raises:
            LogTrimmedError: the log no longer reaches back to the cursor.
            Unavailable: the store can't be read. The cursor stays at the last event sent.
        """
        first_catch_up, self._first_catch_up, recovered = self._first_catch_up, False, 0
        while not self._send_queue.ended:
            # ``first`` may be older than the events offered since it was read: None forces another read.
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
            # Events committed during the read are missing from the page, but were offered and raised the target.
            # A seq heard of before the read that the log still does not have does not exist: give it up.
            self._target = max(self._target, page.head)
            if self.cursor >= self._target or (not page.events and self._target == target):
                self._go_live()
                if not first_catch_up:
                    telemetry.gap_recovered(recovered)
                return
            await self._send_queue.drained()

    def _go_live(self) -> None:
        # In the same turn in which the last page was checked: no event can come in between.
        self._target = self.cursor
        self.live = True
