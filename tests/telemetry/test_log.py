"""Log lines: their format, their rate limit, and that they contain no private data."""

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from structlog.testing import capture_logs

from bussa_server import telemetry
from bussa_server.domain.users import User
from bussa_server.telemetry import log as log_module
from tests import commands
from tests.telemetry.events import PRIVATE, SEND, Counted, broken


@pytest.fixture
def unconfigured() -> Iterator[None]:
    """Restore the logging configuration of the process afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level
    for name in ("bussa", "uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.NOTSET)


class Clock:
    """A clock that the rate limits of log lines read."""

    def __init__(self) -> None:
        self.now = time.monotonic()

    def advance(self, seconds: float) -> None:
        self.now += seconds


_clock = Clock()
"""One for all tests: limits that a test has used must not lie in another one's future."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Advanced so far that every line is due, also one that another test has written by the real clock."""
    _clock.now = max(_clock.now, time.monotonic())
    _clock.advance(60)
    monkeypatch.setattr(log_module.time, "monotonic", lambda: _clock.now)
    return _clock


class Stderr:
    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured
        self._read = ""

    def getvalue(self) -> str:
        """All that was written so far."""
        self._read += self._captured.readouterr().err
        return self._read


@pytest.fixture
def stderr(unconfigured: None, capsys: pytest.CaptureFixture[str]) -> Stderr:
    return Stderr(capsys)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("level", ["info", "warning", "error"])
def test_error_messages_are_not_logged(stderr: Stderr, form: str, level: str) -> None:
    telemetry.configure(form, level)
    telemetry.defect("here", broken())
    telemetry.command_failed(SEND, broken())
    try:
        raise broken()
    except ValueError:
        logging.getLogger("asyncio").exception("never retrieved")
    written = stderr.getvalue()
    assert written.count("builtins.KeyError") == written.count("builtins.ValueError") == 3
    assert "in broken" in written  # the traceback names the function
    assert PRIVATE not in written


def test_debug_level_logs_the_full_error(stderr: Stderr) -> None:
    telemetry.configure("text", "debug")
    telemetry.defect("here", broken())
    assert PRIVATE in stderr.getvalue()


def test_error_chain_is_bounded() -> None:
    error: Exception | None = None
    for _ in range(100):
        following = ValueError()
        following.__cause__ = error
        error = following
    assert error is not None
    assert log_module.frames_only((ValueError, error, None)).count("ValueError") == log_module.MAX_CHAIN


def test_outage_names_the_type_of_its_cause_only(clock: Clock) -> None:
    error = OSError("the database is unavailable")
    error.__cause__ = broken()
    with capture_logs() as lines:
        telemetry.database_unavailable(error, 3)
    assert lines[0]["error"] == "the database is unavailable (ValueError)"
    assert lines[0]["commands"] == 3


async def test_unawaited_exception_is_a_defect_without_its_message(stderr: Stderr) -> None:
    """asyncio's own line would show the task and the error message."""
    telemetry.configure("text", "info")
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(telemetry.unhandled)
    with Counted("defects_total", where="loop") as counted:
        loop.call_soon(lambda: {}[PRIVATE])
        await asyncio.sleep(0)
        loop.call_exception_handler({"message": "something without an exception"})
    assert counted.by == 2
    assert "builtins.KeyError" in stderr.getvalue()
    assert PRIVATE not in stderr.getvalue()


# The format of a line.


def test_json_lines_are_json_with_a_time_in_utc(stderr: Stderr) -> None:
    telemetry.configure("json", "info")
    telemetry.listening("http://127.0.0.1:8080")
    telemetry.defect("here", broken())
    logging.getLogger("uvicorn.error").warning("from %s", "below")
    lines = [json.loads(line) for line in stderr.getvalue().splitlines()]
    assert [line["level"] for line in lines] == ["info", "error", "warning"]
    assert [line["event"] for line in lines] == ["listening", "defect", "from below"]
    assert lines[0]["url"] == "http://127.0.0.1:8080"
    assert lines[2]["logger"] == "uvicorn.error"
    for line in lines:
        assert abs(datetime.fromisoformat(line["timestamp"]) - datetime.now(UTC)) < timedelta(minutes=5)


def test_text_lines_are_plain(stderr: Stderr) -> None:
    telemetry.configure("text", "info")
    telemetry.listening("http://127.0.0.1:8080")
    (line,) = stderr.getvalue().splitlines()
    assert "listening" in line
    assert "url=http://127.0.0.1:8080" in line
    assert "\x1b" not in line  # no colours: stderr is not a terminal


def test_level_applies_to_own_lines_and_libraries_only_warn(stderr: Stderr) -> None:
    telemetry.configure("text", "warning")
    telemetry.listening("http://127.0.0.1:8080")
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx"):
        logging.getLogger(name).info("quiet")
    assert stderr.getvalue() == ""
    telemetry.configure("text", "debug")
    logging.getLogger("uvicorn.access").info("quiet")
    telemetry.log_trimmed(1)
    assert stderr.getvalue().count("\n") == 1


def test_configure_is_idempotent(stderr: Stderr) -> None:
    for _ in range(2):
        telemetry.configure("text", "info")
    telemetry.listening("http://127.0.0.1:8080")
    logging.getLogger("uvicorn.error").warning("once")
    assert stderr.getvalue().count("\n") == 2


def test_repeated_line_is_rate_limited_and_counts_skipped(clock: Clock) -> None:
    telemetry.commit_queue_full()  # takes along what was skipped before this test
    clock.advance(1.0)
    with capture_logs() as lines, Counted("commit_queue_rejected_total") as counted:
        for _ in range(10):
            telemetry.commit_queue_full()
        clock.advance(1.0)
        telemetry.commit_queue_full()
    assert [line["skipped"] for line in lines] == [0, 9]
    assert counted.by == 11


def test_command_fields_are_not_logged() -> None:
    with capture_logs() as lines:
        telemetry.command_failed(SEND, broken())
        telemetry.command_failed(commands.SignUp("alice", "Alice", PRIVATE), broken())
    shown = [{name: value for name, value in line.items() if name != "exc_info"} for line in lines]
    assert shown == [{"event": "command failed", "kind": kind, "log_level": "error"} for kind in ("send", "sign_up")]
    assert User("alice", "Alice").id not in str(shown)
