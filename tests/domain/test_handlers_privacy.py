"""Accept, decline, block, mute, report, settings: what they change, what they append, what they never reveal."""

from typing import Any

import pytest

from bussa_server.domain.commands import Command
from bussa_server.domain.relations import AbuseReport
from bussa_server.domain.unit_of_work import Done, MessageSent, SettingsSaved
from tests import commands
from tests.domain.harness import Harness, code


def conversation(**shown: Any) -> dict[str, Any]:
    return {"type": "conversation", "peer": "ann", "folder": "inbox", "muted": False, "blocked": False} | shown


def harness_with_knock() -> Harness:
    """Ann's knock waits in Bob's requests folder."""
    harness = Harness("ann", "bob", policy="nobody", knocks=True)
    harness.send("ann", "bob")
    return harness


def test_accept_moves_knock_to_inbox_and_allows_sender() -> None:
    harness = harness_with_knock()
    assert harness.accept("bob", "ann") == Done(2)
    assert harness.events("bob")[1:] == [conversation()]
    assert harness.folder("bob", "ann") == "inbox"
    assert isinstance(harness.send("ann", "bob"), MessageSent)
    assert len(harness.events("ann")) == 2


def test_declined_sender_is_refused_and_learns_nothing() -> None:
    harness = harness_with_knock()
    assert harness.decline("bob", "ann") == Done(2)
    assert harness.events("bob")[1:] == [conversation(folder="declined")]
    assert len(harness.events("ann")) == 1
    assert code(harness.send("ann", "bob")) == "not_allowed"
    harness.settings("bob", dm_policy="anyone")
    harness.follow("bob", "ann")
    assert code(harness.send("ann", "bob")) == "not_allowed"
    harness.accept("bob", "ann")
    assert isinstance(harness.send("ann", "bob"), MessageSent)


def test_report_declines_and_is_stored() -> None:
    harness = harness_with_knock()
    assert harness.report("bob", "ann", n=1) == Done(2)
    assert harness.events("bob")[1:] == [conversation(folder="declined")]
    assert harness.rows_of(AbuseReport) == [AbuseReport("bob", "ann", 1, "abuse", harness.now)]
    assert code(harness.send("ann", "bob")) == "not_allowed"
    assert len(harness.events("ann")) == 1


def test_report_may_block_but_never_unblocks() -> None:
    harness = harness_with_knock()
    harness.report("bob", "ann", block=True)
    assert harness.events("bob")[1:] == [conversation(folder="declined", blocked=True)]
    assert harness.report("bob", "ann") == Done(None)
    assert harness.participant("bob", "ann").blocked


def test_repeated_report_is_answered_alike_and_stored_once() -> None:
    harness = harness_with_knock()
    harness.report("bob", "ann", n=1)
    first = harness.rows_of(AbuseReport)
    assert [harness.report("bob", "ann", n=1) for _ in range(3)] == [Done(None)] * 3
    assert harness.rows_of(AbuseReport) == first
    harness.report("bob", "ann")
    assert [row.n for row in harness.rows_of(AbuseReport)] == [1, 0]


def test_report_must_name_an_existing_message() -> None:
    harness = harness_with_knock()
    assert code(harness.report("bob", "ann", n=2)) == "not_found"
    assert harness.rows_of(AbuseReport) == []
    assert harness.folder("bob", "ann") == "requests"


def test_block_without_conversation_is_logged() -> None:
    harness = Harness("ann", "bob")
    assert harness.block("bob", "ann") == Done(1)
    assert harness.events("bob") == [
        {"type": "conversation", "peer": "ann", "folder": None, "muted": False, "blocked": True}
    ]
    assert harness.events("ann") == []
    assert code(harness.send("ann", "bob")) == code(harness.send("bob", "ann")) == "not_allowed"
    assert harness.block("bob", "ann", False) == Done(2)
    assert harness.events("bob")[1]["blocked"] is False
    assert isinstance(harness.send("ann", "bob"), MessageSent)


def test_block_keeps_the_folder() -> None:
    harness = harness_with_knock()
    harness.block("bob", "ann")
    assert harness.events("bob")[1:] == [conversation(folder="requests", blocked=True)]
    harness.block("bob", "ann", False)
    assert code(harness.send("ann", "bob")) == "awaiting_acceptance"


def test_mutual_block_lasts_until_both_unblock() -> None:
    harness = Harness("ann", "bob")
    harness.block("bob", "ann")
    harness.block("ann", "bob")
    harness.block("bob", "ann", False)
    assert code(harness.send("ann", "bob")) == "not_allowed"
    harness.block("ann", "bob", False)
    assert isinstance(harness.send("ann", "bob"), MessageSent)


def test_mute_is_not_visible_to_peer() -> None:
    harness = Harness("ann", "bob")
    harness.send("ann", "bob")
    assert harness.mute("bob", "ann") == Done(2)
    assert harness.events("bob")[1:] == [conversation(muted=True)]
    assert isinstance(harness.send("ann", "bob"), MessageSent)
    assert len(harness.events("ann")) == 2
    assert harness.mute("bob", "ann", False) == Done(4)


def test_settings_change_is_appended_to_own_log() -> None:
    harness = Harness("ann")
    done = harness.settings("ann", knocks=True)
    assert isinstance(done, SettingsSaved)
    assert (done.settings.knocks, done.settings.dm_policy, done.seq) == (True, "anyone", 1)
    settings = {"dm_policy": "anyone", "knocks": True, "read_receipts": True}
    assert harness.events("ann") == [{"type": "settings", "settings": settings}]
    assert harness.settings("ann", dm_policy="nobody", read_receipts=False).seq == 2


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
    ids=lambda command: type(command.request).__name__,
)
def test_repeated_command_appends_nothing(command: Command) -> None:
    harness = harness_with_knock()
    harness.do(command)
    before = harness.events("bob"), harness.events("ann")
    again = harness.do(command)
    assert (again.result, again.entries) == (Done(None), ())
    assert (harness.events("bob"), harness.events("ann")) == before


def test_unchanged_settings_append_nothing() -> None:
    harness = Harness("ann", policy="nobody", knocks=True)
    done = harness.settings("ann", dm_policy="nobody", knocks=True)
    assert isinstance(done, SettingsSaved)
    assert done.seq is None
    assert harness.log("ann") == []
    # A change without fields only reads them.
    assert harness.settings("ann") == done


def test_unblock_and_unmute_without_effect_append_nothing() -> None:
    harness = Harness("ann", "bob")
    assert harness.block("ann", "bob", False) == harness.mute("ann", "bob", False) == Done(None)
    assert harness.log("ann") == []


@pytest.mark.parametrize(
    "kind", [commands.Accept, commands.Decline, commands.MarkRead, commands.Report], ids=lambda kind: kind.__name__
)
def test_conversation_without_messages_is_not_found(kind: Any) -> None:
    harness = Harness("ann", "bob")
    more = {commands.MarkRead: (1,), commands.Report: ("spam",)}.get(kind, ())
    assert code(harness.do(kind("ann", "bob", *more)).result) == "not_found"
    assert code(harness.do(kind("ann", "zoe", *more)).result) == "not_found"
    assert code(harness.do(kind("ann", "ann", *more)).result) == "bad_request"


def test_block_and_mute_of_self_or_unknown_user_are_refused() -> None:
    harness = Harness("ann")
    assert code(harness.block("ann", "ann")) == code(harness.mute("ann", "ann")) == "bad_request"
    assert code(harness.block("ann", "zoe")) == code(harness.mute("ann", "zoe")) == "not_found"
    assert code(harness.settings("zoe", knocks=True)) == "not_found"


# Every transition between folders.


@pytest.mark.parametrize(
    ("steps", "folder"),
    [
        ("", None),
        ("block", None),
        ("mute", None),
        ("knock", "requests"),
        ("knock accept", "inbox"),
        ("knock reply", "inbox"),
        ("knock decline", "declined"),
        ("knock report", "declined"),
        ("knock block", "requests"),
        ("knock mute", "requests"),
        ("knock read", "requests"),
        ("knock open", "requests"),
        ("knock open write", "inbox"),
        ("knock decline accept", "inbox"),
        ("knock decline reply", "inbox"),
        ("knock decline open write", "declined"),
        ("knock accept decline", "declined"),
        ("knock accept close write", "inbox"),
        ("reply", "inbox"),
        ("reply decline", "declined"),
        ("reply report accept", "inbox"),
        ("open write", "inbox"),
        ("open write close knock", "requests"),
        ("open write close knock accept", "inbox"),
        ("open write decline", "declined"),
        ("open write block unblock", "inbox"),
    ],
)
def test_folder_follows_from_the_steps(steps: str, folder: str | None) -> None:
    """Bob's folder of the conversation with Ann. Her messages are knocks until Bob opens his policy to anyone."""
    harness = Harness("ann", "bob", policy="nobody", knocks=True)
    for step in steps.split():
        match step:
            case "knock" | "write":
                harness.send("ann", "bob")
            case "reply":
                harness.send("bob", "ann")
            case "open":
                harness.settings("bob", dm_policy="anyone")
            case "close":
                harness.settings("bob", dm_policy="nobody")
            case "unblock":
                harness.block("bob", "ann", False)
            case "read":
                harness.read("bob", "ann", 1)
            case _:
                getattr(harness, step)("bob", "ann")
    assert harness.folder("bob", "ann") == folder
