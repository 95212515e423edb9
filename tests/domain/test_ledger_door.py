"""Accept, decline, block, mute, report, settings: what they change, what they append, and what they never show."""

from typing import Any

import pytest

from bussa_server.domain import commands
from bussa_server.domain.book import Done, NewReport, Posted, SettingsDone
from bussa_server.domain.commands import Command
from tests.domain.town import Town, code


def conversation(**shown: Any) -> dict[str, Any]:
    return {"type": "conversation", "peer": "ann", "folder": "inbox", "muted": False, "blocked": False} | shown


def knocked() -> Town:
    """Ann has knocked at Bob's."""
    town = Town("ann", "bob", policy="nobody", knocks=True)
    town.send("ann", "bob")
    return town


def test_accepting_moves_a_knock_to_the_inbox_and_opens_the_door() -> None:
    town = knocked()
    assert town.accept("bob", "ann") == Done(2)
    assert town.told("bob")[1:] == [conversation()]
    assert town.folder("bob", "ann") == "inbox"
    assert isinstance(town.send("ann", "bob"), Posted)
    assert len(town.told("ann")) == 2


def test_declining_shuts_it_and_the_one_before_it_learns_nothing() -> None:
    town = knocked()
    assert town.decline("bob", "ann") == Done(2)
    assert town.told("bob")[1:] == [conversation(folder="declined")]
    assert len(town.told("ann")) == 1
    assert code(town.send("ann", "bob")) == "not_allowed"
    town.settings("bob", dm_policy="anyone")
    town.follow("bob", "ann")
    assert code(town.send("ann", "bob")) == "not_allowed"
    town.accept("bob", "ann")
    assert isinstance(town.send("ann", "bob"), Posted)


def test_reporting_declines_and_is_kept() -> None:
    town = knocked()
    assert town.report("bob", "ann", n=1) == Done(2)
    assert town.told("bob")[1:] == [conversation(folder="declined")]
    assert town.book.reports == [NewReport("bob", "ann", 1, "abuse", town.now)]
    assert code(town.send("ann", "bob")) == "not_allowed"
    assert len(town.told("ann")) == 1


def test_reporting_may_block_too_and_never_unblocks() -> None:
    town = knocked()
    town.report("bob", "ann", block=True)
    assert town.told("bob")[1:] == [conversation(folder="declined", blocked=True)]
    assert town.report("bob", "ann") == Done(None)
    assert town.side("bob", "ann").blocked
    assert len(town.book.reports) == 2


def test_a_report_names_a_message_that_is_there() -> None:
    town = knocked()
    assert code(town.report("bob", "ann", n=2)) == "not_found"
    assert town.book.reports == []
    assert town.folder("bob", "ann") == "requests"


def test_a_block_needs_no_conversation_and_says_so() -> None:
    town = Town("ann", "bob")
    assert town.block("bob", "ann") == Done(1)
    assert town.told("bob") == [
        {"type": "conversation", "peer": "ann", "folder": None, "muted": False, "blocked": True}
    ]
    assert town.told("ann") == []
    assert code(town.send("ann", "bob")) == code(town.send("bob", "ann")) == "not_allowed"
    assert town.block("bob", "ann", False) == Done(2)
    assert town.told("bob")[1]["blocked"] is False
    assert isinstance(town.send("ann", "bob"), Posted)


def test_a_block_leaves_the_conversation_where_it_was() -> None:
    town = knocked()
    town.block("bob", "ann")
    assert town.told("bob")[1:] == [conversation(folder="requests", blocked=True)]
    town.block("bob", "ann", False)
    assert code(town.send("ann", "bob")) == "awaiting_acceptance"


def test_two_who_block_each_other_are_apart_until_both_have_unblocked() -> None:
    town = Town("ann", "bob")
    town.block("bob", "ann")
    town.block("ann", "bob")
    town.block("bob", "ann", False)
    assert code(town.send("ann", "bob")) == "not_allowed"
    town.block("ann", "bob", False)
    assert isinstance(town.send("ann", "bob"), Posted)


def test_muting_is_nobody_elses_business() -> None:
    town = Town("ann", "bob")
    town.send("ann", "bob")
    assert town.mute("bob", "ann") == Done(2)
    assert town.told("bob")[1:] == [conversation(muted=True)]
    assert isinstance(town.send("ann", "bob"), Posted)
    assert len(town.told("ann")) == 2
    assert town.mute("bob", "ann", False) == Done(4)


def test_settings_are_told_to_the_own_devices() -> None:
    town = Town("ann")
    done = town.settings("ann", knocks=True)
    assert isinstance(done, SettingsDone)
    assert (done.settings.knocks, done.settings.dm_policy, done.seq) == (True, "anyone", 1)
    settings = {"dm_policy": "anyone", "knocks": True, "read_receipts": True}
    assert town.told("ann") == [{"type": "settings", "settings": settings}]
    assert town.settings("ann", dm_policy="nobody", read_receipts=False).seq == 2


@pytest.mark.parametrize(
    "command",
    [
        commands.Accept("bob", "ann"),
        commands.Decline("bob", "ann"),
        commands.Block("bob", "ann", True),
        commands.Mute("bob", "ann", True),
        commands.Report("bob", "ann", "spam"),
        commands.MarkRead("bob", "ann", 1),
        commands.Follow("bob", "ann", True),
    ],
    ids=lambda command: type(command).__name__,
)
def test_what_is_already_so_appends_nothing(command: Command) -> None:
    town = knocked()
    town.do(command)
    before = town.told("bob"), town.told("ann")
    again = town.do(command)
    assert (again.result, again.entries) == (Done(None), ())
    assert (town.told("bob"), town.told("ann")) == before


def test_settings_that_are_already_so_append_nothing() -> None:
    town = Town("ann", policy="nobody", knocks=True)
    done = town.settings("ann", dm_policy="nobody", knocks=True)
    assert isinstance(done, SettingsDone)
    assert done.seq is None
    assert town.log("ann") == []
    # And with nothing to set they are only read.
    assert town.settings("ann") == done


def test_unblocking_and_unmuting_who_never_was_append_nothing() -> None:
    town = Town("ann", "bob")
    assert town.block("ann", "bob", False) == town.mute("ann", "bob", False) == Done(None)
    assert town.log("ann") == []


@pytest.mark.parametrize(
    "kind", [commands.Accept, commands.Decline, commands.MarkRead, commands.Report], ids=lambda kind: kind.__name__
)
def test_where_nothing_was_written_there_is_no_conversation(kind: type[Any]) -> None:
    town = Town("ann", "bob")
    more = {commands.MarkRead: (1,), commands.Report: ("spam",)}.get(kind, ())
    assert code(town.do(kind("ann", "bob", *more)).result) == "not_found"
    assert code(town.do(kind("ann", "zoe", *more)).result) == "not_found"
    assert code(town.do(kind("ann", "ann", *more)).result) == "bad_request"


def test_one_can_neither_block_nor_mute_oneself_or_nobody() -> None:
    town = Town("ann")
    assert code(town.block("ann", "ann")) == code(town.mute("ann", "ann")) == "bad_request"
    assert code(town.block("ann", "zoe")) == code(town.mute("ann", "zoe")) == "not_found"
    assert code(town.settings("zoe", knocks=True)) == "not_found"


# Every way from one folder to another.


@pytest.mark.parametrize(
    ("steps", "folder"),
    [
        ("", None),
        ("block", None),
        ("mute", None),
        ("knock", "requests"),
        ("knock accept", "inbox"),
        ("knock answer", "inbox"),
        ("knock decline", "declined"),
        ("knock report", "declined"),
        ("knock block", "requests"),
        ("knock mute", "requests"),
        ("knock read", "requests"),
        ("knock open", "requests"),
        ("knock open write", "inbox"),
        ("knock decline accept", "inbox"),
        ("knock decline answer", "inbox"),
        ("knock decline open write", "declined"),
        ("knock accept decline", "declined"),
        ("knock accept shut write", "inbox"),
        ("answer", "inbox"),
        ("answer decline", "declined"),
        ("answer report accept", "inbox"),
        ("open write", "inbox"),
        ("open write shut knock", "requests"),
        ("open write shut knock accept", "inbox"),
        ("open write decline", "declined"),
        ("open write block unblock", "inbox"),
    ],
)
def test_folders(steps: str, folder: str | None) -> None:
    """Bob's folder of Ann, whose every message is a knock until his door stands open."""
    town = Town("ann", "bob", policy="nobody", knocks=True)
    for step in steps.split():
        match step:
            case "knock" | "write":
                town.send("ann", "bob")
            case "answer":
                town.send("bob", "ann")
            case "open":
                town.settings("bob", dm_policy="anyone")
            case "shut":
                town.settings("bob", dm_policy="nobody")
            case "unblock":
                town.block("bob", "ann", False)
            case "read":
                town.read("bob", "ann", 1)
            case _:
                getattr(town, step)("bob", "ann")
    assert town.folder("bob", "ann") == folder
