"""What happens is counted and told, and nothing is told that is nobody's business."""

import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from protocol import version
from protocol.codes import Close, Code
from protocol.frames.parts import Settings, SettingsChange
from server import telemetry
from server.domain import commands
from server.domain.book import Done, PersonDone, Posted, Refusal, SettingsDone
from server.domain.people import Person
from server.telemetry import log as log_module
from server.telemetry.log import Seldom

PRIVATE = "what nobody else may read"


@pytest.fixture
def unconfigured() -> Iterator[None]:
    """Leave the logging of the process as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level
    for name in ("bussa", "uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.NOTSET)


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


def sample(name: str, **labels: str) -> float:
    return sum(
        found.value
        for family in text_string_to_metric_families(telemetry.metrics().decode())
        for found in family.samples
        if found.name == f"bussa_{name}" and labels.items() <= found.labels.items()
    )


class Counted:
    """By how much a counter grows inside of a `with`."""

    def __init__(self, name: str, **labels: str) -> None:
        self._name, self._labels = name, labels
        self.by = 0.0

    def __enter__(self) -> "Counted":
        self._before = sample(self._name, **self._labels)
        return self

    def __exit__(self, *_: object) -> None:
        self.by = sample(self._name, **self._labels) - self._before


def broken(message: str = PRIVATE) -> Exception:
    """An error with a traceback and a cause, as a database would word it."""
    try:
        try:
            raise KeyError(message)
        except KeyError as cause:
            raise ValueError(message) from cause
    except ValueError as error:
        return error


SEND = commands.Send("alice", "bob", PRIVATE, PRIVATE)
DOOR = commands.ChangeSettings("alice", SettingsChange())
REFUSED = (Code.BAD_REQUEST, Code.NOT_FOUND, Code.NOT_ALLOWED, Code.AWAITING_ACCEPTANCE, Code.CONFLICT)

CARRIED: list[tuple[commands.Command, Any, str, dict[str, str]]] = [
    (SEND, Posted("bob", 1, 1, 1, "inbox"), "messages_total", {"verdict": "inbox"}),
    (SEND, Posted("bob", 1, 1, 1, "requests"), "messages_total", {"verdict": "requests"}),
    *((SEND, Refusal(code, "no"), "messages_total", {"verdict": code.value}) for code in Code),
    (commands.Block("a", "b", True), Done(1), "commands_total", {"kind": "Block", "outcome": "done"}),
    (DOOR, SettingsDone(Settings(), 1), "commands_total", {"kind": "ChangeSettings", "outcome": "done"}),
    (
        commands.SignUp("a", "a", PRIVATE),
        Refusal(Code.TAKEN, "taken"),
        "commands_total",
        {"kind": "SignUp", "outcome": "taken"},
    ),
    (
        commands.Revoke("a"),
        PersonDone(False, "a", Settings(), 1),
        "commands_total",
        {"kind": "Revoke", "outcome": "done"},
    ),
]


@pytest.mark.parametrize(("command", "result", "name", "labels"), CARRIED)
def test_what_was_decided_is_counted_and_not_told(
    command: commands.Command, result: Any, name: str, labels: dict[str, str]
) -> None:
    with capture_logs() as lines, Counted(name, **labels) as this, Counted(name) as all_of_them:
        telemetry.command_carried(command, result)
    assert (this.by, all_of_them.by) == (1, 1)
    assert lines == []


def test_every_command_can_be_counted() -> None:
    for kind in commands.Command.__args__:  # type: ignore[attr-defined]
        command = object.__new__(kind)
        result = Posted("b", 1, 1, 1, "inbox") if kind is commands.Send else Done()
        telemetry.command_carried(command, result)
        telemetry.command_carried(command, Refusal(Code.NOT_FOUND, "no such user"))


EVENTS: list[tuple[str, tuple[Any, ...], str, dict[str, str], float]] = [
    ("post_overflow", (), "post_overflows_total", {}, 1),
    ("batch_committed", (7, 0.01, 3), "batch_commands_sum", {}, 7),
    ("batch_committed", (7, 0.5, 3), "batch_seconds_sum", {}, 0.5),
    ("store_unavailable", (OSError("gone"), 12), "store_unavailable_total", {}, 12),
    ("command_failed", (SEND, broken()), "commands_failed_total", {"kind": "Send"}, 1),
    ("log_healed", (5,), "log_healed_events_total", {}, 5),
    ("log_healed", (5,), "log_heals_total", {}, 1),
    ("bus_dropped", (4,), "bus_dropped_total", {}, 4),
    ("trimmed", (9,), "trimmed_events_total", {}, 9),
    ("log_lag", (0.25,), "log_lag_seconds_sum", {}, 0.25),
    ("connection_opened", (version.JSON,), "connections_opened_total", {"codec": version.JSON}, 1),
    ("connection_opened", (version.MSGPACK,), "connections", {}, 1),
    ("connection_closed", (4401, "revoked"), "connections_closed_total", {"code": "4401"}, 1),
    ("connection_closed", (Close.TOO_SLOW, "slow"), "connections_closed_total", {"code": "4413"}, 1),
    ("connection_closed", (3999, "whatever"), "connections_closed_total", {"code": "other"}, 1),
    ("connection_closed", (1000, "bye"), "connections", {}, -1),
    ("handshake_refused", (403, "origin"), "handshakes_refused_total", {"status": "403"}, 1),
    ("frame_refused", ("rate_limited",), "frames_refused_total", {"code": "rate_limited"}, 1),
    ("frame_refused", (Code.NOT_FOUND,), "frames_refused_total", {"code": "not_found"}, 1),
    ("evicted", ("bytes",), "evicted_total", {"why": "bytes"}, 1),
    ("outbox_depth", (65536,), "outbox_bytes_sum", {}, 65536),
    ("loop_lag", (0.125,), "loop_lag_seconds_sum", {}, 0.125),
    ("defect", ("somewhere", broken()), "defects_total", {"where": "somewhere"}, 1),
    ("call_answered", ("GET", "/v1/x", 200, 0.5), "http_calls_total", {"route": "/v1/x", "status": "200"}, 1),
    ("token_refused", ("expired",), "tokens_refused_total", {"why": "expired"}, 1),
    ("log_in_succeeded", (), "log_ins_total", {"outcome": "succeeded"}, 1),
    ("log_in_refused", (), "log_ins_total", {"outcome": "refused"}, 1),
    ("log_in_limited", ("user",), "log_ins_total", {"outcome": "limited"}, 1),
    ("passwords_overflow", (), "passwords_overflows_total", {}, 1),
    ("jwks_fetched", (2,), "jwks_fetches_total", {"outcome": "fetched"}, 1),
    ("jwks_failed", ("status 503",), "jwks_fetches_total", {"outcome": "failed"}, 1),
]


@pytest.mark.parametrize(("event", "arguments", "name", "labels", "by"), EVENTS)
def test_each_event_has_its_counter(
    event: str, arguments: tuple[Any, ...], name: str, labels: dict[str, str], by: float
) -> None:
    with Counted(name, **labels) as counted:
        getattr(telemetry, event)(*arguments)
    assert counted.by == by


TOLD = {"drain_started": (3,), "drained": (0.5,), "listening": ("http://127.0.0.1:1",), "secret_is_short": (4,)}


@pytest.mark.parametrize(("event", "arguments"), TOLD.items())
def test_what_is_only_told_is_one_line(event: str, arguments: tuple[Any, ...]) -> None:
    with capture_logs() as lines:
        getattr(telemetry, event)(*arguments)
    assert len(lines) == 1


def test_every_event_is_tried_here() -> None:
    tried = {event for event, *_ in EVENTS} | {*TOLD} | {"command_carried", "configure", "metrics", "unhandled"}
    assert tried == {*telemetry.__all__}


def test_the_last_batch_says_how_many_wait() -> None:
    telemetry.batch_committed(1, 0.1, 17)
    assert sample("post_waiting") == 17


def test_only_our_own_metrics_are_shown_and_none_for_a_time_of_creation() -> None:
    names = {family.name for family in text_string_to_metric_families(telemetry.metrics().decode())}
    assert {name for name in names if not name.startswith(("bussa_", "process_"))} == set()
    assert not any(name.endswith("_created") for name in names)
    assert "process_resident_memory_bytes" in names


# What is private.


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("level", ["info", "warning", "error"])
def test_no_line_holds_what_an_error_quotes(stderr: Stderr, form: str, level: str) -> None:
    telemetry.configure(form, level)
    telemetry.defect("here", broken())
    telemetry.command_failed(SEND, broken())
    try:
        raise broken()
    except ValueError:
        logging.getLogger("asyncio").exception("never retrieved")
    written = stderr.getvalue()
    assert written.count("builtins.KeyError") == written.count("builtins.ValueError") == 3
    assert "in broken" in written  # where it was is told
    assert PRIVATE not in written


def test_at_debug_the_error_is_shown_in_full(stderr: Stderr) -> None:
    telemetry.configure("text", "debug")
    telemetry.defect("here", broken())
    assert PRIVATE in stderr.getvalue()


def test_a_chain_of_errors_is_shown_as_far_as_it_helps() -> None:
    error: Exception | None = None
    for _ in range(100):
        following = ValueError()
        following.__cause__ = error
        error = following
    assert error is not None
    assert log_module.frames_only((ValueError, error, None)).count("ValueError") == log_module.CHAIN


def test_an_outage_names_the_kind_of_its_cause_and_does_not_quote_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.telemetry.commits._unavailable_line", Seldom())
    error = OSError("the database is out of reach")
    error.__cause__ = broken()
    with capture_logs() as lines:
        telemetry.store_unavailable(error, 3)
    assert lines[0]["error"] == "the database is out of reach (ValueError)"
    assert lines[0]["commands"] == 3


async def test_what_nobody_awaited_is_a_defect_and_is_not_quoted(stderr: Stderr) -> None:
    """asyncio's own line would show the task, and with it what its error says."""
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


# How a line looks.


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


def test_text_lines_are_for_people(stderr: Stderr) -> None:
    telemetry.configure("text", "info")
    telemetry.listening("http://127.0.0.1:8080")
    (line,) = stderr.getvalue().splitlines()
    assert "listening" in line
    assert "url=http://127.0.0.1:8080" in line
    assert "\x1b" not in line  # no colours where nobody looks


def test_the_level_is_ours_and_libraries_only_warn(stderr: Stderr) -> None:
    telemetry.configure("text", "warning")
    telemetry.listening("http://127.0.0.1:8080")
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx"):
        logging.getLogger(name).info("quiet")
    assert stderr.getvalue() == ""
    telemetry.configure("text", "debug")
    logging.getLogger("uvicorn.access").info("quiet")
    telemetry.trimmed(1)
    assert stderr.getvalue().count("\n") == 1


def test_to_configure_twice_does_not_tell_everything_twice(stderr: Stderr) -> None:
    for _ in range(2):
        telemetry.configure("text", "info")
    telemetry.listening("http://127.0.0.1:8080")
    logging.getLogger("uvicorn.error").warning("once")
    assert stderr.getvalue().count("\n") == 2


def test_what_repeats_is_told_once_a_second_with_what_was_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 50.0
    monkeypatch.setattr("server.telemetry.log.time.monotonic", lambda: now)
    monkeypatch.setattr("server.telemetry.commits._overflow_line", Seldom())
    with capture_logs() as lines, Counted("post_overflows_total") as counted:
        for _ in range(10):
            telemetry.post_overflow()
        now += 1.0
        telemetry.post_overflow()
    assert [line["skipped"] for line in lines] == [0, 9]
    assert counted.by == 11


def test_nothing_of_a_person_can_reach_a_line_through_a_command() -> None:
    with capture_logs() as lines:
        telemetry.command_failed(SEND, broken())
        telemetry.command_failed(commands.SignUp("alice", "Alice", PRIVATE), broken())
    shown = [{name: value for name, value in line.items() if name != "exc_info"} for line in lines]
    assert shown == [{"event": "a command failed", "kind": kind, "log_level": "error"} for kind in ("Send", "SignUp")]
    assert Person("alice", "Alice").id not in str(shown)
