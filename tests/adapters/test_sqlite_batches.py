"""A faulty command, or a reused old nonce, does not affect the other commands of its batch."""

import pytest

from bussa_protocol.frames.requests import SendRequest
from bussa_server.domain import handlers
from bussa_server.domain.commands import Command
from bussa_server.domain.unit_of_work import MessageSent, Outcome
from bussa_server.ports.store import Faulted, Unavailable
from tests import commands
from tests.adapters.sqlite_disk import FaultyDisk
from tests.contracts.actions import StoreActions, codes


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The handler fails for one text, after it has changed the unit of work."""
    handle = handlers.handle

    def fail(uow: object, command: Command, now: int) -> Outcome:
        outcome = handle(uow, command, now)
        if isinstance(command.request, SendRequest) and command.request.text == "broken":
            raise ZeroDivisionError
        return outcome

    monkeypatch.setattr(handlers, "handle", fail)


@pytest.mark.usefixtures("broken")
async def test_faulty_command_fails_alone_in_its_batch(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    bad = actions.message("ann", "bob", "broken")
    outcomes = await actions.commit(
        actions.message("ann", "bob", "1"),
        bad,
        actions.message("bob", "ann", "2"),
        bad,
        actions.message("ann", "bob", "3"),
    )
    assert [isinstance(outcome, Faulted) for outcome in outcomes] == [False, True, False, True, False]
    failed = outcomes[1]
    assert isinstance(failed, Faulted)
    assert isinstance(failed.error, ZeroDivisionError)
    assert [message.text for message in await actions.history("ann", "bob")] == ["1", "2", "3"]
    assert [event.seq for event in await actions.log("bob")] == [1, 2, 3]
    # Its nonce stays unused.
    assert isinstance((await actions.commit(bad))[0], Faulted)
    good = commands.Send("ann", "bob", "mended", bad.request.nonce)
    assert codes(await actions.do(good)) == ["ok"]


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("how", ["full", "dying"])
async def test_batch_with_faulty_command_is_atomic_on_failing_disk(
    disk: FaultyDisk, actions: StoreActions, how: str
) -> None:
    await actions.create_users("ann", "bob")
    n = failed_batches = 0
    for operations in range(40):
        batch = [actions.message("ann", "bob", text) for text in ("1", "broken", "2")]
        disk.fail_after(operations, how)
        try:
            outcomes = await actions.commit(*batch)
        except Unavailable:
            failed_batches += 1
            assert await actions.store.heads(["ann", "bob"]) == {"ann": n, "bob": n}
            disk.repair()
            outcomes = await actions.commit(*batch)
        disk.repair()
        assert [isinstance(outcome, Faulted) for outcome in outcomes] == [False, True, False]
        n += 2
        assert (await actions.store.heads(["ann", "bob"])) == {"ann": n, "bob": n}
        assert [message.text for message in await actions.history("bob", "ann", limit=2)] == ["1", "2"]
    # The disk failed at each step of a commit, and then after its end.
    assert 5 < failed_batches < 40


async def test_old_nonce_is_found_after_cache_eviction(actions: StoreActions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bussa_server.adapters.sqlite.repository.MAX_CACHED_NONCES", 2)
    await actions.create_users("ann", "bob", "cy")
    old = actions.message("ann", "bob", "old")
    (first,) = await actions.do(old)
    await actions.send("cy", "bob", *map(str, range(10)))
    fresh = actions.message("cy", "bob", "fresh")
    assert await actions.do(old, fresh) == [first, MessageSent("bob", 11, 11, actions.now, "inbox")]
    await actions.send("cy", "bob", *map(str, range(10)))
    await actions.block("bob", "ann")
    other = commands.Send("ann", "bob", "other", old.request.nonce)
    refused = actions.message("ann", "bob", "refused")
    results = await actions.do(other, refused, old)
    assert codes(results) == ["conflict", "not_allowed", "ok"]
    assert results[2] == first
