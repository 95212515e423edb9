"""Group commit: collects commands and commits them to the store as one batch.

The batch size adapts to the load: while one batch is being committed, the next one fills. A single command is
committed without delay. After a commit, the events of each command are delivered and the command is answered, in
commit order, so that every device sees events in the order of its log.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from bussa_protocol.frames.requests import SendRequest
from bussa_server import telemetry
from bussa_server.domain.commands import Command, Revoke
from bussa_server.domain.unit_of_work import Entry, Outcome, Result, UserSaved
from bussa_server.ports.store import MAX_BATCH, CommandFailed, Faulted, Store, Unavailable

MAX_QUEUED = 20_000
"""Commands that may wait: a few seconds' worth on a slow disk. Beyond it the answer is `unavailable`."""

MAX_QUEUED_CHARS = 32 * 1024 * 1024
"""Characters of message text that may wait: about three thousand messages of the maximum length."""

ANSWERS_PER_TURN = 128
"""Commands answered per turn of the event loop, about 2 ms. Other callbacks run in between."""

QueuedCommand = tuple[Command, object, "OnResult", int]
"""The command, its origin, the result callback, and the characters of its message."""

OnResult = Callable[[Result | Unavailable], None]
Deliver = Callable[[Entry, object], None]
"""(entry, origin): delivers an event to its user's devices, except to ``origin``, the connection that asked."""


class CommitQueue:
    """Commands in, results and events out. Belongs to one event loop."""

    def __init__(
        self,
        store: Store,
        deliver: Deliver,
        revoke: Callable[[str, int], None],
        publish: Callable[[], None],
        request_resync: Callable[[], None] = lambda: None,
    ) -> None:
        """Create a queue in front of ``store``.

        ``revoke(user, revoked_at)`` ends the user's sessions. ``publish`` is called after the events of each part of a
        batch were delivered. ``request_resync`` is called where a batch may be on disk and its events are unknown.
        """
        self._store = store
        self._deliver = deliver
        self._revoke = revoke
        self._publish = publish
        self._request_resync = request_resync
        self._queued: deque[QueuedCommand] = deque()
        self._queued_chars = 0
        self._committing = 0
        """Commands of the batch in progress that are not answered yet."""
        self._task: asyncio.Task[None] | None = None
        self.failing = False
        """Whether the last batch could not be committed."""

    def __len__(self) -> int:
        """The number of commands not answered yet: waiting, or in the batch in progress."""
        return len(self._queued) + self._committing

    @property
    def busy(self) -> bool:
        """Whether a command is not answered yet."""
        return self._task is not None

    def submit(self, command: Command, origin: object, on_result: OnResult) -> None:
        """Queue ``command``. ``on_result`` is called once: in a later turn of the loop, or now if the queue is full.

        Commands are handled in the order of submission. ``origin`` is the connection that asked, or None. The events
        of its own command are not delivered to it: the reply stands for them.
        """
        request = command.request
        chars = len(request.text) if isinstance(request, SendRequest) else 0
        if len(self._queued) >= MAX_QUEUED or self._queued_chars + chars > MAX_QUEUED_CHARS:
            telemetry.commit_queue_full()
            on_result(Unavailable("commit queue full"))
            return
        self._queued.append((command, origin, on_result, chars))
        self._queued_chars += chars
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def commit(self, command: Command) -> Result:
        """Queue ``command`` and wait for its result. Raises Unavailable."""
        done: asyncio.Future[Result | Unavailable] = asyncio.get_running_loop().create_future()

        def on_result(result: Result | Unavailable) -> None:
            if not done.done():
                done.set_result(result)

        self.submit(command, None, on_result)
        result = await done
        if isinstance(result, Unavailable):
            raise result
        return result

    async def drain(self) -> None:
        """Wait until every submitted command is answered."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._queued:
                batch = [self._queued.popleft() for _ in range(min(MAX_BATCH, len(self._queued)))]
                self._committing = len(batch)
                self._queued_chars -= sum(chars for _, _, _, chars in batch)
                started = time.perf_counter()
                try:
                    outcomes: Sequence[Outcome | Faulted] | Unavailable = await self._store.commit(
                        [command for command, _, _, _ in batch], time.time_ns() // 1_000_000
                    )
                except Unavailable as error:
                    outcomes = error
                except Exception as error:  # noqa: BLE001 - every command must be answered, and the next batch committed
                    telemetry.defect("commit", error)
                    outcomes = Unavailable("the batch could not be committed")
                telemetry.batch_committed(len(batch), time.perf_counter() - started, len(self._queued))
                failed = isinstance(outcomes, Unavailable)
                if failed or self.failing:
                    # A failed call does not mean a failed commit: the batch may be on disk, with its events never
                    # delivered. Resync also after the next batch, because a slow disk may finish this one until then.
                    self._request_resync()
                self.failing = failed
                await self._answer(batch, outcomes)
                telemetry.commit_to_send_queue(time.perf_counter() - started)
        finally:
            self._task = None

    async def _answer(self, batch: list[QueuedCommand], outcomes: Sequence[Outcome | Faulted] | Unavailable) -> None:
        if isinstance(outcomes, Unavailable):
            telemetry.database_unavailable(outcomes, len(batch))
            outcomes = [Faulted(outcomes)] * len(batch)
        for start in range(0, len(batch), ANSWERS_PER_TURN):
            if start:
                await asyncio.sleep(0)
            part, results = batch[start : start + ANSWERS_PER_TURN], outcomes[start : start + ANSWERS_PER_TURN]
            for (command, origin, on_result, _), outcome in zip(part, results, strict=True):
                try:
                    self._deliver_and_answer(command, origin, on_result, outcome)
                except Exception as error:  # noqa: BLE001 - the other commands of the batch must not be affected
                    telemetry.defect("answer", error)
            self._committing -= len(part)
            telemetry.commands_handled(
                (queued[0], outcome.result)
                for queued, outcome in zip(part, results, strict=True)
                if isinstance(outcome, Outcome)
            )
            self._publish()

    def _deliver_and_answer(
        self, command: Command, origin: object, on_result: OnResult, outcome: Outcome | Faulted
    ) -> None:
        """Deliver the log entries of a command, then answer it."""
        if isinstance(outcome, Faulted):
            if isinstance(outcome.error, Unavailable):
                on_result(outcome.error)
                return
            telemetry.command_failed(command, outcome.error)
            on_result(CommandFailed("the command failed"))
            return
        try:
            for entry in outcome.entries:
                self._deliver(entry, origin)
        finally:
            on_result(outcome.result)
        if isinstance(command.request, Revoke) and isinstance(outcome.result, UserSaved):
            self._revoke(command.user, outcome.result.revoked_at)
