"""Gathers what is waiting and commits it as one batch (group commit).

The batch grows with the load: while one is on its way to the disk, the next one gathers. A lone command waits
for nobody. When a batch has come back, each command is answered and its events are delivered, in the order of
their commit, so that every device sees them in the order of its log.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from bussa_server import telemetry
from bussa_server.domain.commands import Command, Revoke, Send
from bussa_server.domain.unit_of_work import Entry, Outcome, Result, UserSaved
from bussa_server.ports.store import MAX_BATCH, CommandFailed, Faulted, Store, Unavailable

MAX_QUEUED = 20_000
"""Commands that may wait: at the speed of a slow disk some seconds' worth. Past it the answer is `unavailable`."""

MAX_QUEUED_CHARS = 32 * 1024 * 1024
"""Characters of messages that may wait: what three thousand of the longest have."""

ANSWERS_PER_TURN = 128
"""Commands answered in one turn of the loop: some 2 ms. In between the others have their turn."""

QueuedCommand = tuple[Command, object, "OnResult", int]
"""A command, who asked, whom to tell, and the characters of its message."""

OnResult = Callable[[Result | Unavailable], None]
Deliver = Callable[[Entry, object], None]
"""Takes an event to the devices of its user, but for the connection (the second argument) that asked."""


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
        """``revoke(user, revoked_at)`` ends sessions; ``ring`` is called once after the events of a batch, ``doubt``
        where a batch may be on disk and its events are not known."""
        self._store = store
        self._deliver = deliver
        self._revoke = revoke
        self._publish = publish
        self._request_resync = request_resync
        self._queued: deque[QueuedCommand] = deque()
        self._queued_chars = 0
        self._task: asyncio.Task[None] | None = None
        self.failing = False
        """Whether the last batch could not be committed."""

    @property
    def busy(self) -> bool:
        """Whether a command is not answered yet."""
        return self._task is not None

    def submit(self, command: Command, origin: object, on_result: OnResult) -> None:
        """Have ``command`` committed. ``answer`` is called once, in a later turn of the loop or in this one.

        Commands are carried out in the order in which they are submitted. ``origin`` is the connection that asked,
        or None: its own events are not delivered to it, because the answer stands for them.
        """
        chars = len(command.text) if isinstance(command, Send) else 0
        if len(self._queued) >= MAX_QUEUED or self._queued_chars + chars > MAX_QUEUED_CHARS:
            telemetry.commit_queue_full()
            on_result(Unavailable("too much is waiting to be committed"))
            return
        self._queued.append((command, origin, on_result, chars))
        self._queued_chars += chars
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def commit(self, command: Command) -> Result:
        """Have ``command`` committed and wait for its result. Raises Unavailable."""
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
        """Wait until everything that was submitted is answered."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._queued:
                batch = [self._queued.popleft() for _ in range(min(MAX_BATCH, len(self._queued)))]
                self._queued_chars -= sum(chars for _, _, _, chars in batch)
                started = time.perf_counter()
                try:
                    outcomes: Sequence[Outcome | Faulted] | Unavailable = await self._store.commit(
                        [command for command, _, _, _ in batch], time.time_ns() // 1_000_000
                    )
                except Unavailable as error:
                    outcomes = error
                except Exception as error:  # noqa: BLE001 - whatever it is: everybody is answered, and the next batch goes
                    telemetry.defect("commit", error)
                    outcomes = Unavailable("the batch could not be committed")
                telemetry.batch_committed(len(batch), time.perf_counter() - started, len(self._queued))
                failed = isinstance(outcomes, Unavailable)
                if failed or self.failing:
                    # An answer that was lost is no failure: what was committed must be found all the same, and what a
                    # slow disk was still about to take is there when the next batch is.
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
            part, found = batch[start : start + ANSWERS_PER_TURN], outcomes[start : start + ANSWERS_PER_TURN]
            for (command, origin, on_result, _), outcome in zip(part, found, strict=True):
                try:
                    self._deliver_and_answer(command, origin, on_result, outcome)
                except Exception as error:  # noqa: BLE001 - the others of the batch must not feel it
                    telemetry.defect("answer", error)
            telemetry.commands_handled(
                (waiting[0], outcome.result)
                for waiting, outcome in zip(part, found, strict=True)
                if isinstance(outcome, Outcome)
            )
            self._publish()

    def _deliver_and_answer(
        self, command: Command, origin: object, on_result: OnResult, outcome: Outcome | Faulted
    ) -> None:
        """Deliver what a command has appended, then answer it."""
        if isinstance(outcome, Faulted):
            if isinstance(outcome.error, Unavailable):
                on_result(outcome.error)
                return
            telemetry.command_failed(command, outcome.error)
            on_result(CommandFailed("the command could not be carried out"))
            return
        try:
            for entry in outcome.entries:
                self._deliver(entry, origin)
        finally:
            on_result(outcome.result)
        if isinstance(command, Revoke) and isinstance(outcome.result, UserSaved):
            self._revoke(command.user, outcome.result.revoked_at)
