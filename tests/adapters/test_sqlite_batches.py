"""What one command of a batch does to the others: a defect, a nonce from long ago."""

import pytest

from bussa_server.domain import commands, ledger
from bussa_server.domain.book import Carried, Posted
from bussa_server.domain.commands import Command
from bussa_server.ports.store import Failed, Unavailable
from tests.adapters.sqlite_disk import Disk
from tests.contracts.deeds import Deeds, codes


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger fails for one text, after it has changed everything that it changes."""
    carry_out = ledger.carry_out

    def fail(book: object, command: Command, now: int) -> Carried:
        carried = carry_out(book, command, now)
        if isinstance(command, commands.Send) and command.text == "broken":
            raise ZeroDivisionError
        return carried

    monkeypatch.setattr(ledger, "carry_out", fail)


@pytest.mark.usefixtures("broken")
async def test_of_a_batch_only_the_command_with_the_defect_fails(deeds: Deeds) -> None:
    await deeds.people("ann", "bob")
    bad = deeds.message("ann", "bob", "broken")
    outcomes = await deeds.commit(
        deeds.message("ann", "bob", "1"), bad, deeds.message("bob", "ann", "2"), bad, deeds.message("ann", "bob", "3")
    )
    assert [isinstance(outcome, Failed) for outcome in outcomes] == [False, True, False, True, False]
    failed = outcomes[1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ZeroDivisionError)
    assert [message.text for message in await deeds.history("ann", "bob")] == ["1", "2", "3"]
    assert [event.seq for event in await deeds.log("bob")] == [1, 2, 3]
    # And alone it fails alone, its nonce unused.
    assert isinstance((await deeds.commit(bad))[0], Failed)
    good = commands.Send("ann", "bob", "mended", bad.nonce)
    assert codes(await deeds.do(good)) == ["ok"]


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("how", ["full", "dying"])
async def test_a_defect_and_a_failing_disk_together_leave_the_batch_whole_or_nothing(
    disk: Disk, deeds: Deeds, how: str
) -> None:
    await deeds.people("ann", "bob")
    n = 0
    for operations in range(40):
        batch = [deeds.message("ann", "bob", text) for text in ("1", "broken", "2")]
        disk.fail_after(operations, how)
        try:
            outcomes = await deeds.commit(*batch)
        except Unavailable:
            assert await deeds.store.heads(["ann", "bob"]) == {"ann": n, "bob": n}
            disk.heal()
            outcomes = await deeds.commit(*batch)
        disk.heal()
        assert [isinstance(outcome, Failed) for outcome in outcomes] == [False, True, False]
        n += 2
        assert (await deeds.store.heads(["ann", "bob"])) == {"ann": n, "bob": n}
        assert [message.text for message in await deeds.history("bob", "ann", limit=2)] == ["1", "2"]


async def test_an_old_nonce_is_found_when_it_is_no_longer_known_by_heart(
    deeds: Deeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bussa_server.adapters.sqlite.ledger_rows.NONCES", 2)
    await deeds.people("ann", "bob", "cy")
    old = deeds.message("ann", "bob", "old")
    (first,) = await deeds.do(old)
    await deeds.send("cy", "bob", *map(str, range(10)))
    fresh = deeds.message("cy", "bob", "fresh")
    assert await deeds.do(old, fresh) == [first, Posted("bob", 11, 11, deeds.now, "inbox")]
    await deeds.send("cy", "bob", *map(str, range(10)))
    await deeds.block("bob", "ann")
    other = commands.Send("ann", "bob", "other", old.nonce)
    refused = deeds.message("ann", "bob", "refused")
    results = await deeds.do(other, refused, old)
    assert codes(results) == ["conflict", "not_allowed", "ok"]
    assert results[2] == first
