"""The commit queue: batches grow with the load, order is kept, and every command is answered."""

import asyncio
from collections.abc import Sequence

import pytest

from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import events
from bussa_protocol.frames.parts import Settings
from bussa_protocol.frames.requests import SendRequest
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import Done, Entry, MessageSent, Outcome, Refusal, Result, UserSaved
from bussa_server.node import commit_queue as commit_queue_module
from bussa_server.node.commit_queue import ANSWERS_PER_TURN, CommitQueue
from bussa_server.ports.store import MAX_BATCH, Faulted, Unavailable
from tests.commands import Mute, Revoke, Send
from tests.session.clock import turns


class FakeStore:
    """A store that commits when the test lets it, with the outcomes that the test sets."""

    def __init__(self) -> None:
        self.batches: list[list[Command]] = []
        self.gates: list[asyncio.Event] | None = None
        self.broken: Exception | None = None
        self.outcomes: dict[Command, Outcome | Faulted] = {}
        self._seq = 0

    async def commit(self, batch: Sequence[Command], now: int) -> Sequence[Outcome | Faulted]:
        self.batches.append(list(batch))
        if self.gates is not None:
            self.gates.append(asyncio.Event())
            await self.gates[-1].wait()
        else:
            await asyncio.sleep(0)
        if self.broken is not None:
            raise self.broken
        return [self.outcomes.get(command) or self._outcome(command) for command in batch]

    def _outcome(self, command: Command) -> Outcome:
        self._seq += 1
        if isinstance(command.request, SendRequest):
            return Outcome(MessageSent(command.request.to, self._seq, self._seq, 1, "inbox"))
        return Outcome(Done(self._seq), (Entry(command.user, events.HiddenEvent(seq=self._seq)),))


class CommitQueueHarness:
    def __init__(self) -> None:
        self.store = FakeStore()
        self.events: list[object] = []
        """What happened, in order: (seq, origin) of a delivery, a result, "publish"."""
        self.commit_queue = CommitQueue(self.store, self.deliver, self.revoke, lambda: self.events.append("publish"))

    def deliver(self, entry: Entry, origin: object) -> None:
        self.events.append((entry.event.seq, origin))

    def revoke(self, user: str, at: int) -> None:
        self.events.append(("revoked", user, at))

    def submit(self, command: Command, origin: object = None) -> None:
        self.commit_queue.submit(command, origin, self.events.append)

    @property
    def results(self) -> list[Result | Unavailable]:
        return [one for one in self.events if isinstance(one, Done | MessageSent | Refusal | UserSaved | Unavailable)]


def command(number: int) -> Command:
    return Mute("alice", f"peer-{number}", muted=True)


@pytest.fixture
async def harness() -> CommitQueueHarness:
    return CommitQueueHarness()


async def test_single_command_is_committed_immediately(harness: CommitQueueHarness) -> None:
    harness.submit(command(1))
    await turns(1)
    assert harness.store.batches == [[command(1)]]


async def test_commands_queued_during_a_commit_form_the_next_batch(harness: CommitQueueHarness) -> None:
    harness.store.gates = []
    harness.submit(command(0))
    await turns()
    for number in range(1, MAX_BATCH + 11):
        harness.submit(command(number))
    await turns()
    assert len(harness.store.batches) == 1
    for _ in range(3):
        harness.store.gates[-1].set()
        await turns(2 * MAX_BATCH // ANSWERS_PER_TURN)
    assert [len(batch) for batch in harness.store.batches] == [1, MAX_BATCH, 10]
    assert [done for batch in harness.store.batches for done in batch] == [command(n) for n in range(MAX_BATCH + 11)]
    assert harness.results == [Done(seq) for seq in range(1, MAX_BATCH + 12)]


async def test_large_batch_is_answered_over_several_loop_turns(harness: CommitQueueHarness) -> None:
    for number in range(2 * ANSWERS_PER_TURN + 1):
        harness.submit(command(number))
    answered: list[int] = []
    while len(harness.results) <= 2 * ANSWERS_PER_TURN:
        await turns(1)
        if len(harness.results) > (answered[-1] if answered else 0):
            answered.append(len(harness.results))
    assert answered == [ANSWERS_PER_TURN, 2 * ANSWERS_PER_TURN, 2 * ANSWERS_PER_TURN + 1]
    assert harness.results == [Done(seq) for seq in range(1, 2 * ANSWERS_PER_TURN + 2)]
    assert harness.events.count("publish") == 3


async def test_events_precede_their_answer_and_are_published_once_a_turn(harness: CommitQueueHarness) -> None:
    phone = object()
    harness.submit(command(1), phone)
    harness.submit(command(2))
    await harness.commit_queue.drain()
    assert harness.events == [(1, phone), Done(1), (2, None), Done(2), "publish"]


async def test_unavailable_store_answers_the_whole_batch(harness: CommitQueueHarness) -> None:
    harness.store.broken = Unavailable("unavailable")
    harness.submit(command(1))
    harness.submit(command(2))
    await harness.commit_queue.drain()
    assert harness.results == [harness.store.broken] * 2
    harness.store.broken = None
    assert await harness.commit_queue.commit(command(3)) == Done(1)


async def test_commit_raises_unavailable(harness: CommitQueueHarness) -> None:
    harness.store.broken = Unavailable("unavailable")
    with pytest.raises(Unavailable):
        await harness.commit_queue.commit(command(1))


async def test_store_exception_answers_the_whole_batch(harness: CommitQueueHarness) -> None:
    harness.store.broken = KeyError("a defect")
    harness.submit(command(1))
    harness.submit(command(2))
    await harness.commit_queue.drain()
    assert [type(result) for result in harness.results] == [Unavailable, Unavailable]
    harness.store.broken = None
    assert await harness.commit_queue.commit(command(3)) == Done(1)


async def test_faulted_command_fails_alone(harness: CommitQueueHarness) -> None:
    harness.store.outcomes[command(2)] = Faulted(KeyError("a defect"))
    for number in (1, 2, 3):
        harness.submit(command(number))
    await harness.commit_queue.drain()
    first, second, third = harness.results
    assert (first, third) == (Done(1), Done(2))
    assert isinstance(second, Unavailable)


async def test_failing_answer_callback_affects_no_other_command(harness: CommitQueueHarness) -> None:
    def fails(_: object) -> None:
        raise KeyError("a defect")

    harness.commit_queue.submit(command(1), None, fails)
    harness.submit(command(2))
    await harness.commit_queue.drain()
    assert harness.results == [Done(2)]
    assert harness.events[-1] == "publish"


async def test_failed_delivery_is_still_answered(harness: CommitQueueHarness) -> None:
    def fails(entry: Entry, origin: object) -> None:
        raise KeyError("a defect")

    harness.commit_queue = CommitQueue(harness.store, fails, harness.revoke, lambda: None)
    harness.submit(command(1))
    await harness.commit_queue.drain()
    assert harness.results == [Done(1)]


async def test_full_queue_answers_unavailable(harness: CommitQueueHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit_queue_module, "MAX_QUEUED", 3)
    for number in range(5):
        harness.submit(command(number))
    assert [type(result) for result in harness.results] == [Unavailable, Unavailable]
    await harness.commit_queue.drain()
    assert harness.results[2:] == [Done(1), Done(2), Done(3)]


async def test_queue_is_bounded_in_characters(harness: CommitQueueHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit_queue_module, "MAX_QUEUED_CHARS", 25_000)
    for _ in range(2):  # the second time: a committed batch makes room again
        for number in range(4):
            harness.submit(Send("alice", "bob", "x" * 10_000, f"nonce-{number}"))
        await harness.commit_queue.drain()
    kinds = [type(result) for result in harness.results]
    assert kinds == [Unavailable, Unavailable, MessageSent, MessageSent] * 2


async def test_revocation_is_announced_after_its_commit(harness: CommitQueueHarness) -> None:
    done = UserSaved(created=False, name="Alice", settings=Settings(), revoked_at=77)
    harness.store.outcomes[Revoke("alice")] = Outcome(done)
    harness.store.outcomes[Revoke("nobody")] = Outcome(Refusal(ErrorCode.NOT_FOUND, "unknown user"))
    harness.submit(Revoke("alice"))
    harness.submit(Revoke("nobody"))
    await harness.commit_queue.drain()
    assert [one for one in harness.events if isinstance(one, tuple) and one[0] == "revoked"] == [
        ("revoked", "alice", 77)
    ]


async def test_drain_waits_for_every_submitted_command(harness: CommitQueueHarness) -> None:
    harness.store.gates = []
    harness.submit(command(1))
    await turns()
    harness.submit(command(2))
    draining = asyncio.create_task(harness.commit_queue.drain())
    harness.store.gates[0].set()
    await turns()
    assert not draining.done()
    harness.store.gates[1].set()
    await draining
    assert harness.results == [Done(1), Done(2)]
    await harness.commit_queue.drain()  # an empty queue: returns at once


async def test_length_counts_unanswered_commands(harness: CommitQueueHarness) -> None:
    harness.store.gates = []
    for number in range(3):
        harness.submit(command(number))
    await turns()
    harness.submit(command(3))
    assert len(harness.commit_queue) == 4  # three in the batch in progress, one waiting
    harness.store.gates[0].set()
    await turns()
    assert len(harness.commit_queue) == 1
    harness.store.gates[1].set()
    await harness.commit_queue.drain()
    assert len(harness.commit_queue) == 0
