"""A fake log whose reads the test controls, and a stream that reads it."""

import asyncio
from collections.abc import Iterable

import msgspec

from bussa_protocol import codec
from bussa_protocol.frames import events
from bussa_server.node.encoded_event import EncodedEvent
from bussa_server.ports.store import LogPage, Unavailable
from bussa_server.session.send_queue import SendQueue
from bussa_server.session.stream import Stream
from tests.session.fakes import FakeSocket


def event(seq: int) -> events.ReadEvent:
    return events.ReadEvent(seq=seq, peer="bob", by="bob", n=seq)


def encoded(seq: int) -> EncodedEvent:
    return EncodedEvent(event(seq))


def reply(seq: int) -> bytes:
    return b'{"type":"ok","id":1,"seq":%d}' % seq


def seqs(frames: Iterable[bytes]) -> list[int]:
    return [msgspec.json.decode(frame)["seq"] for frame in frames]


class FakeLog:
    """The part of the store that a stream needs. A read sees what was committed when it began, and returns when the
    test lets it."""

    def __init__(self, head: int = 0, page: int = 500) -> None:
        self.head = head
        self.tail = 1
        self.page = page
        self.reads = 0
        self.pending_reads: list[asyncio.Event] | None = None
        """If a list, each read appends an event and waits for it."""
        self.broken = False

    async def log(self, user: str, after: int, limit: int) -> LogPage:
        self.reads += 1
        if self.broken:
            raise Unavailable("unavailable")
        head, tail = self.head, self.tail
        if self.pending_reads is not None:
            self.pending_reads.append(asyncio.Event())
            await self.pending_reads[-1].wait()
        else:
            await asyncio.sleep(0)
        if after + 1 < tail:
            return LogPage((), head, tail)
        last = min(head, after + min(limit, self.page))
        return LogPage([event(seq) for seq in range(after + 1, last + 1)], head, tail)


class StreamReader:
    """A stream on a fake socket, and the task that catches up after a gap."""

    def __init__(self, log: FakeLog, cursor: int = 0) -> None:
        self.socket = FakeSocket()
        self.slow: list[str] = []
        self.send_queue = SendQueue(self.socket, self.slow.append)
        self.log = log
        self.gaps = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.stream = Stream("alice", cursor, codec.JSON, self.send_queue, log, self._on_gap)

    def begin(self) -> None:
        """Start the first catch-up, as a connection does after the handshake."""
        task = asyncio.get_running_loop().create_task(self.stream.catch_up())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _on_gap(self) -> None:
        self.gaps += 1
        self.begin()

    async def settle(self) -> None:
        """Wait until no catch-up is running."""
        while self.tasks:
            await asyncio.gather(*self.tasks)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    @property
    def received(self) -> list[int]:
        return seqs(self.socket.frames)
