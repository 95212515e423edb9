"""Commands as they are typed, sentences as they are said, logins as they are kept."""

import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa import chat
from bussa.chat import commands, deeds, says, words
from bussa.chat.book import Row
from bussa.chat.commands import Spoken, UnknownCommandError, Words
from bussa.chat.memory import Login, Memory, state_home
from bussa.chat.thread import Thread
from bussa.errors import RefusedError, TokenRefusedError, refusal
from bussa_protocol.codes import Code
from bussa_protocol.frames import parts

SERVER = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("ciao", Words("ciao")),
        ("  ciao  \n", Words("  ciao")),
        ("", None),
        (" \n ", None),
        ("//etc/hosts", Words("/etc/hosts")),
        ("two\n/lines", Words("two\n/lines")),
    ],
)
def test_a_text_is_sent_as_it_is(typed: str, means: object) -> None:
    assert commands.read(typed) == means


def test_a_command_is_read_with_its_words() -> None:
    assert commands.read("/REPORT spam block") == Spoken(commands.BY_NAME["report"], ("spam", "block"))
    with pytest.raises(UnknownCommandError, match="/nonsense"):
        commands.read("/nonsense")
    with pytest.raises(UnknownCommandError):
        commands.read("/ ")


@given(st.text())
def test_anything_typed_is_a_text_a_command_or_refused(typed: str) -> None:
    try:
        means = commands.read(typed)
    except UnknownCommandError:
        assert typed.strip("\n").startswith("/")
        return
    if isinstance(means, Words):
        assert means.text.strip()
    commands.hint(typed)


def test_while_it_is_typed_the_commands_that_it_may_become_are_shown() -> None:
    assert [command.name for command in commands.hint("/un")] == ["unblock", "unmute", "unfollow"]
    assert [command.name for command in commands.hint("/policy any")] == ["policy"]
    assert commands.hint("//un") == commands.hint("un") == commands.hint("/none at all") == ()


def test_every_command_is_carried_out_by_somebody() -> None:
    on_the_desk = {"help", "door", "find", "write", "inbox", "requests", "retry", "logout", "quit"}
    assert set(commands.BY_NAME) == on_the_desk | set(deeds.TO_A_PERSON) | set(deeds.TO_THE_DOOR)


@pytest.mark.parametrize("code", list(Code))
def test_every_refusal_has_words(code: Code) -> None:
    said = words.problem(refusal(code, "the server's words"))
    assert said
    assert "Error" not in said
    assert isinstance(refusal(code, ""), RefusedError)


def test_a_refused_token_is_a_login_that_has_run_out() -> None:
    assert words.problem(TokenRefusedError(4401, "token refused")) == "your login has run out"


def test_the_door_says_who_gets_in() -> None:
    assert words.door(parts.Settings()) == (
        "Those who follow you may write to you. Others are turned away, and don't learn why."
    )
    assert words.door(parts.Settings(dm_policy="anyone", knocks=True)) == "Everybody may write to you."
    assert "knock" in words.door(parts.Settings(dm_policy="nobody", knocks=True))


def test_days_and_times_are_said_as_people_say_them() -> None:
    today = datetime(2026, 3, 4, 15, 30).astimezone()

    def before(**past: int) -> int:
        return int((today - timedelta(**past)).timestamp() * 1000)

    assert [words.day(before(days=days), today) for days in (0, 1, 2)] == ["Today", "Yesterday", "Monday"]
    assert words.day(before(days=10), today) == "22 February"
    assert words.day(before(days=400), today) == "28 January 2025"
    assert words.clock(before(days=0)) == "15:30"
    assert [words.when(before(days=days), today) for days in (0, 3, 30)] == ["15:30", "Sun", "02.02."]
    assert (words.count(99), words.count(100)) == ("99", "99+")


def test_the_conversation_says_what_it_is() -> None:
    thread = Thread("bob", "me")
    assert says.title(Row("bob", "bob", "inbox", muted=True)) == "bob  muted"
    assert "F7" in says.banner(Row("bob", "Bob", "requests"), thread)
    assert "/unblock" in says.banner(Row("bob", "Bob", "inbox", blocked=True), thread)
    assert says.banner(Row("bob", "Bob", "inbox"), thread) == ""
    thread.loaded = True
    assert "first" in says.banner(Row("bob", "Bob", None), thread)
    assert says.hint("", None, "Bob") == "Bob is writing …"
    assert says.hint("x" * 9_500, None, None) == "9,500 of 10,000 characters"
    assert says.too_long("x" * 10_000) is None
    assert says.too_long("x" * 10_001) is not None


def test_a_login_is_remembered_for_its_owner_only(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "bussa")
    assert memory.recall(SERVER) is None
    memory.keep(SERVER, Login("alice", "a"))
    memory.keep(SERVER, Login("bob", "b"))
    memory.keep("http://other", Login("carla", "c"))
    assert memory.recall(SERVER) == Login("bob", "b")
    assert memory.recall(SERVER, "alice") == Login("alice", "a")
    (file,) = (tmp_path / "bussa").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    memory.forget(SERVER, "bob")
    assert memory.recall(SERVER) == Login("alice", "a")
    file.write_bytes(b"\xff broken")
    assert memory.recall(SERVER) is None


def test_the_logins_stand_where_the_specification_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_home() == tmp_path
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert state_home() == Path.home() / ".local" / "state"


def test_what_is_no_address_is_said_and_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert chat.run("nowhere", None) == 2
    assert "nowhere" in capsys.readouterr().err
