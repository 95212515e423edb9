"""The parser of commands, the texts of the chat, and the login store."""

import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bussa import chat
from bussa.chat import command_handlers, commands, labels, texts
from bussa.chat.commands import ParsedCommand, PlainText, UnknownCommandError
from bussa.chat.conversation_store import Row
from bussa.chat.login_store import Login, LoginStore, state_home
from bussa.chat.thread import Thread
from bussa.errors import ApiError, TokenRefusedError, api_error
from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import parts

SERVER = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        ("ciao", PlainText("ciao")),
        ("  ciao  \n", PlainText("  ciao")),
        ("", None),
        (" \n ", None),
        ("//etc/hosts", PlainText("/etc/hosts")),
        ("two\n/lines", PlainText("two\n/lines")),
    ],
)
def test_plain_text_is_parsed_unchanged(typed: str, parsed: object) -> None:
    assert commands.parse(typed) == parsed


def test_command_is_parsed_with_arguments() -> None:
    assert commands.parse("/REPORT spam block") == ParsedCommand(commands.BY_NAME["report"], ("spam", "block"))
    with pytest.raises(UnknownCommandError, match="/nonsense"):
        commands.parse("/nonsense")
    with pytest.raises(UnknownCommandError):
        commands.parse("/ ")


@given(st.text())
def test_any_input_is_text_command_or_error(typed: str) -> None:
    try:
        parsed = commands.parse(typed)
    except UnknownCommandError:
        assert typed.strip("\n").startswith("/")
        return
    if isinstance(parsed, PlainText):
        assert parsed.text.strip()
    commands.completions(typed)


def test_completions_match_typed_prefix() -> None:
    assert [command.name for command in commands.completions("/un")] == ["unblock", "unmute", "unfollow"]
    assert [command.name for command in commands.completions("/policy any")] == ["policy"]
    assert commands.completions("//un") == commands.completions("un") == commands.completions("/none at all") == ()


def test_every_command_has_a_handler() -> None:
    local = {"help", "door", "find", "write", "inbox", "requests", "retry", "logout", "quit"}
    assert set(commands.BY_NAME) == local | set(command_handlers.USER_COMMANDS) | set(
        command_handlers.SETTINGS_COMMANDS
    )


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_error_code_has_a_text(code: ErrorCode) -> None:
    text = texts.problem(api_error(code, "the server's words"))
    assert text
    assert "Error" not in text
    assert isinstance(api_error(code, ""), ApiError)


def test_refused_token_reads_as_expired_login() -> None:
    assert texts.problem(TokenRefusedError(4401, "token refused")) == "your session has ended; log in again"


def test_privacy_summary_names_who_may_write() -> None:
    assert texts.privacy_summary(parts.Settings()) == (
        "People who follow you can message you. Others are refused and not told why."
    )
    assert texts.privacy_summary(parts.Settings(dm_policy="anyone", knocks=True)) == "Everyone can message you."
    assert "knock" in texts.privacy_summary(parts.Settings(dm_policy="nobody", knocks=True))


def test_days_and_times_are_formatted() -> None:
    today = datetime(2026, 3, 4, 15, 30).astimezone()

    def before(**past: int) -> int:
        return int((today - timedelta(**past)).timestamp() * 1000)

    assert [texts.day(before(days=days), today) for days in (0, 1, 2)] == ["Today", "Yesterday", "Monday"]
    assert texts.day(before(days=10), today) == "22 February"
    assert texts.day(before(days=400), today) == "28 January 2025"
    assert texts.clock(before(days=0)) == "15:30"
    assert [texts.when(before(days=days), today) for days in (0, 3, 30)] == ["15:30", "Sun", "02.02."]
    assert (texts.count(99), texts.count(100)) == ("99", "99+")


def test_conversation_labels_describe_its_state() -> None:
    thread = Thread("bob", "me")
    assert labels.title(Row("bob", "bob", "inbox", muted=True)) == "bob  muted"
    assert "F7" in labels.banner(Row("bob", "Bob", "requests"), thread)
    assert "/unblock" in labels.banner(Row("bob", "Bob", "inbox", blocked=True), thread)
    assert labels.banner(Row("bob", "Bob", "inbox"), thread) == ""
    thread.loaded = True
    assert "start" in labels.banner(Row("bob", "Bob", None), thread)
    assert labels.hint("", None, "Bob") == "Bob is typing …"
    assert labels.hint("x" * 9_500, None, None) == "9,500 of 10,000 characters"
    assert labels.too_long("x" * 10_000) is None
    assert labels.too_long("x" * 10_001) is not None


def test_stored_login_is_readable_by_owner_only(tmp_path: Path) -> None:
    logins = LoginStore(tmp_path / "bussa")
    assert logins.get(SERVER) is None
    logins.save(SERVER, Login("alice", "a"))
    logins.save(SERVER, Login("bob", "b"))
    logins.save("http://other", Login("carla", "c"))
    assert logins.get(SERVER) == Login("bob", "b")
    assert logins.get(SERVER, "alice") == Login("alice", "a")
    (file,) = (tmp_path / "bussa").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    logins.delete(SERVER, "bob")
    assert logins.get(SERVER) == Login("alice", "a")
    file.write_bytes(b"\xff broken")
    assert logins.get(SERVER) is None


def test_login_store_follows_xdg_specification(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_home() == tmp_path
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    assert state_home() == Path.home() / ".local" / "state"


def test_invalid_server_address_exits_with_status_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert chat.run("nowhere", None) == 2
    assert "nowhere" in capsys.readouterr().err
