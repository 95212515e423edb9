"""The post: batches grow with the load, order is kept, and everybody is answered."""

import asyncio
from collections.abc import Sequence

import pytest

from bussa_protocol.codes import Code
from bussa_protocol.frames import events
from bussa_protocol.frames.parts import Settings
from bussa_server.domain.book import Carried, Done, Entry, PersonDone, Posted, Refusal, Result
from bussa_server.domain.commands import Command, Mute, Revoke, Send
from bussa_server.ports.store import BATCH, Failed, Unavailable
from bussa_server.session import post as post_module
from bussa_server.session.post import TURN, Post
from tests.session.clock import turns


class Ledger:
    """A store that commits when it is let, and then says what the test has told it to say."""

    def __init__(self) -> None:
        self.batches: list[list[Command]] = []
        self.gates: list[asyncio.Event] | None = None
        self.broken: Exception | None = None
        self.outcomes: dict[Command, Carried | Failed] = {}
        self._seq = 0

    async def commit(self, batch: Sequence[Command], now: int) -> Sequence[Carried | Failed]:
        self.batches.append(list(batch))
        if self.gates is not None:
            self.gates.append(asyncio.Event())
            await self.gates[-1].wait()
        else:
            await asyncio.sleep(0)
        if self.broken is not None:
            raise self.broken
        return [self.outcomes.get(command) or self._carried(command) for command in batch]

    def _carried(self, command: Command) -> Carried:
        self._seq += 1
        if isinstance(command, Send):
            return Carried(Posted(command.to, self._seq, self._seq, 1, "inbox"))
        return Carried(Done(self._seq), (Entry(command.user, events.Hidden(seq=self._seq)),))


class Office:
    def __init__(self) -> None:
        self.store = Ledger()
        self.told: list[object] = []
        """What happened, in its order: (seq, origin) of a delivery, a result, "ring"."""
        self.post = Post(self.store, self.deliver, self.revoke, lambda: self.told.append("ring"))

    def deliver(self, entry: Entry, origin: object) -> None:
        self.told.append((entry.event.seq, origin))

    def revoke(self, user: str, at: int) -> None:
        self.told.append(("revoked", user, at))

    def submit(self, command: Command, origin: object = None) -> None:
        self.post.submit(command, origin, self.told.append)

    @property
    def results(self) -> list[Result | Unavailable]:
        return [one for one in self.told if isinstance(one, Done | Posted | Refusal | PersonDone | Unavailable)]


def command(number: int) -> Command:
    return Mute("alice", f"peer-{number}", muted=True)


@pytest.fixture
async def office() -> Office:
    return Office()


async def test_a_lone_command_waits_for_nobody(office: Office) -> None:
    office.submit(command(1))
    await turns(1)
    assert office.store.batches == [[command(1)]]


async def test_what_gathers_while_a_batch_is_under_way_is_the_next_one(office: Office) -> None:
    office.store.gates = []
    office.submit(command(0))
    await turns()
    for number in range(1, BATCH + 11):
        office.submit(command(number))
    await turns()
    assert len(office.store.batches) == 1
    for _ in range(3):
        office.store.gates[-1].set()
        await turns(2 * BATCH // TURN)
    assert [len(batch) for batch in office.store.batches] == [1, BATCH, 10]
    assert [done for batch in office.store.batches for done in batch] == [command(n) for n in range(BATCH + 11)]
    assert office.results == [Done(seq) for seq in range(1, BATCH + 12)]


async def test_the_loop_has_its_turns_while_a_large_batch_is_answered(office: Office) -> None:
    for number in range(2 * TURN + 1):
        office.submit(command(number))
    answered: list[int] = []
    while len(office.results) <= 2 * TURN:
        await turns(1)
        if len(office.results) > (answered[-1] if answered else 0):
            answered.append(len(office.results))
    assert answered == [TURN, 2 * TURN, 2 * TURN + 1]
    assert office.results == [Done(seq) for seq in range(1, 2 * TURN + 2)]
    assert office.told.count("ring") == 3


async def test_events_come_before_their_answer_and_the_bus_is_rung_once_a_turn(office: Office) -> None:
    phone = object()
    office.submit(command(1), phone)
    office.submit(command(2))
    await office.post.drain()
    assert office.told == [(1, phone), Done(1), (2, None), Done(2), "ring"]


async def test_a_store_out_of_reach_answers_the_whole_batch(office: Office) -> None:
    office.store.broken = Unavailable("gone")
    office.submit(command(1))
    office.submit(command(2))
    await office.post.drain()
    assert office.results == [office.store.broken] * 2
    office.store.broken = None
    assert await office.post.commit(command(3)) == Done(1)


async def test_commit_raises_what_the_store_could_not_do(office: Office) -> None:
    office.store.broken = Unavailable("gone")
    with pytest.raises(Unavailable):
        await office.post.commit(command(1))


async def test_a_defect_of_the_store_leaves_nobody_without_an_answer(office: Office) -> None:
    office.store.broken = KeyError("a defect")
    office.submit(command(1))
    office.submit(command(2))
    await office.post.drain()
    assert [type(result) for result in office.results] == [Unavailable, Unavailable]
    office.store.broken = None
    assert await office.post.commit(command(3)) == Done(1)


async def test_a_command_that_fails_fails_alone(office: Office) -> None:
    office.store.outcomes[command(2)] = Failed(KeyError("a defect"))
    for number in (1, 2, 3):
        office.submit(command(number))
    await office.post.drain()
    first, second, third = office.results
    assert (first, third) == (Done(1), Done(2))
    assert isinstance(second, Unavailable)


async def test_an_answer_that_goes_wrong_is_felt_by_nobody_else(office: Office) -> None:
    def wrong(_: object) -> None:
        raise KeyError("a defect")

    office.post.submit(command(1), None, wrong)
    office.submit(command(2))
    await office.post.drain()
    assert office.results == [Done(2)]
    assert office.told[-1] == "ring"


async def test_a_delivery_that_goes_wrong_is_answered_all_the_same(office: Office) -> None:
    def wrong(entry: Entry, origin: object) -> None:
        raise KeyError("a defect")

    office.post = Post(office.store, wrong, office.revoke, lambda: None)
    office.submit(command(1))
    await office.post.drain()
    assert office.results == [Done(1)]


async def test_past_the_bound_the_answer_is_unavailable(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post_module, "QUEUE", 3)
    for number in range(5):
        office.submit(command(number))
    assert [type(result) for result in office.results] == [Unavailable, Unavailable]
    await office.post.drain()
    assert office.results[2:] == [Done(1), Done(2), Done(3)]


async def test_what_waits_is_bounded_in_its_length_too(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post_module, "QUEUE_CHARS", 25_000)
    for _ in range(2):  # and room is made as batches leave
        for number in range(4):
            office.submit(Send("alice", "bob", "x" * 10_000, f"nonce-{number}"))
        await office.post.drain()
    kinds = [type(result) for result in office.results]
    assert kinds == [Unavailable, Unavailable, Posted, Posted] * 2


async def test_a_revocation_is_told_once_it_is_committed(office: Office) -> None:
    done = PersonDone(created=False, name="Alice", settings=Settings(), revoked_at=77)
    office.store.outcomes[Revoke("alice")] = Carried(done)
    office.store.outcomes[Revoke("nobody")] = Carried(Refusal(Code.NOT_FOUND, "no such user"))
    office.submit(Revoke("alice"))
    office.submit(Revoke("nobody"))
    await office.post.drain()
    assert [one for one in office.told if isinstance(one, tuple) and one[0] == "revoked"] == [("revoked", "alice", 77)]


async def test_drain_waits_for_everything_that_was_submitted(office: Office) -> None:
    office.store.gates = []
    office.submit(command(1))
    await turns()
    office.submit(command(2))
    draining = asyncio.create_task(office.post.drain())
    office.store.gates[0].set()
    await turns()
    assert not draining.done()
    office.store.gates[1].set()
    await draining
    assert office.results == [Done(1), Done(2)]
    await office.post.drain()  # nothing waits: at once
