"""Each event updates its metric; handled commands are counted without a log line."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from bussa_protocol import version
from bussa_protocol.codes import CloseReason, ErrorCode
from bussa_protocol.frames.parts import Settings, SettingsChange
from bussa_protocol.frames.requests import SendRequest
from bussa_server import telemetry
from bussa_server.domain.commands import Command
from bussa_server.domain.handlers import HANDLERS
from bussa_server.domain.unit_of_work import Done, MessageSent, Refusal, SettingsSaved, Taken, UserSaved
from tests import commands
from tests.commands import as_user
from tests.telemetry.events import PRIVATE, SEND, Counted, broken, sample

CHANGE_SETTINGS = commands.ChangeSettings("alice", SettingsChange())
REFUSED = (
    ErrorCode.BAD_REQUEST,
    ErrorCode.NOT_FOUND,
    ErrorCode.NOT_ALLOWED,
    ErrorCode.AWAITING_ACCEPTANCE,
    ErrorCode.CONFLICT,
)

HANDLED: list[tuple[Command, Any, str, dict[str, str]]] = [
    (SEND, MessageSent("bob", 1, 1, 1, "inbox"), "messages_total", {"verdict": "inbox"}),
    (SEND, MessageSent("bob", 1, 1, 1, "requests"), "messages_total", {"verdict": "requests"}),
    *((SEND, Refusal(code, "no"), "messages_total", {"verdict": code.value}) for code in ErrorCode),
    (commands.Block("a", "b", True), Done(1), "commands_total", {"kind": "block", "outcome": "done"}),
    (CHANGE_SETTINGS, SettingsSaved(Settings(), 1), "commands_total", {"kind": "settings", "outcome": "done"}),
    (
        commands.SignUp("a", "a", PRIVATE),
        Taken(),
        "commands_total",
        {"kind": "sign_up", "outcome": "taken"},
    ),
    (
        commands.Revoke("a"),
        UserSaved(False, "a", Settings(), 1),
        "commands_total",
        {"kind": "revoke", "outcome": "done"},
    ),
]


@pytest.mark.parametrize(("command", "result", "name", "labels"), HANDLED)
def test_handled_command_is_counted_and_not_logged(
    command: Command, result: Any, name: str, labels: dict[str, str]
) -> None:
    with capture_logs() as lines, Counted(name, **labels) as this, Counted(name) as all_of_them:
        telemetry.commands_handled([(command, result)])
    assert (this.by, all_of_them.by) == (1, 1)
    assert lines == []


@pytest.mark.parametrize("kind", HANDLERS)
def test_every_command_is_counted_by_outcome(kind: type[Any]) -> None:
    command = as_user("alice", kind(**dict.fromkeys(kind.__struct_fields__)))
    refusal = Refusal(ErrorCode.NOT_FOUND, "unknown user")
    if kind is SendRequest:
        done, refused = Counted("messages_total", verdict="inbox"), Counted("messages_total", verdict="not_found")
        result = MessageSent("b", 1, 1, 1, "inbox")
    else:
        done = Counted("commands_total", kind=HANDLERS[kind].name, outcome="done")
        refused = Counted("commands_total", kind=HANDLERS[kind].name, outcome="not_found")
        result = Done()
    with done, refused:
        telemetry.commands_handled([(command, result), (command, refusal)])
    assert (done.by, refused.by) == (1, 1)


EVENTS: list[tuple[str, tuple[Any, ...], str, dict[str, str], float]] = [
    ("commit_queue_full", (), "commit_queue_rejected_total", {}, 1),
    ("batch_committed", (7, 0.01, 3), "batch_commands_sum", {}, 7),
    ("batch_committed", (7, 0.5, 3), "batch_seconds_sum", {}, 0.5),
    ("database_unavailable", (OSError("unavailable"), 12), "database_unavailable_total", {}, 12),
    ("command_failed", (SEND, broken()), "commands_failed_total", {"kind": "send"}, 1),
    ("gap_recovered", (5,), "gap_recovered_events_total", {}, 5),
    ("gap_recovered", (5,), "gap_recoveries_total", {}, 1),
    ("redis_messages_dropped", (4,), "redis_messages_dropped_total", {}, 4),
    ("redis_message_invalid", (), "redis_messages_invalid_total", {}, 1),
    ("redis_disconnected", ("redis:1", OSError("reset")), "redis_disconnects_total", {"server": "redis:1"}, 1),
    ("redis_connected", ("redis:2",), "redis_connected", {"server": "redis:2"}, 1),
    ("log_trimmed", (9,), "trimmed_events_total", {}, 9),
    ("timer_run", ("snooze", True, 0.25), "timers_total", {"kind": "snooze", "outcome": "done"}, 1),
    ("timer_run", ("snooze", True, 0.25), "timer_lag_seconds_sum", {}, 0.25),
    ("timer_run", ("snooze", False, 0.25), "timers_total", {"kind": "snooze", "outcome": "gone"}, 1),
    ("timer_run", ("snooze", False, 0.25), "timer_lag_seconds_sum", {}, 0),
    ("timer_failed", ("snooze", 2, 4.0), "timers_total", {"kind": "snooze", "outcome": "failed"}, 1),
    ("timer_unavailable", ("snooze",), "timers_total", {"kind": "snooze", "outcome": "unavailable"}, 1),
    ("commit_to_send_queue", (0.25,), "commit_to_send_queue_seconds_sum", {}, 0.25),
    ("connection_opened", (version.JSON,), "connections_opened_total", {"codec": version.JSON}, 1),
    ("connection_opened", (version.MSGPACK,), "connections", {}, 1),
    ("connection_closed", (4401, "revoked"), "connections_closed_total", {"code": "4401"}, 1),
    ("connection_closed", (CloseReason.SLOW_CONSUMER, "slow"), "connections_closed_total", {"code": "4413"}, 1),
    ("connection_closed", (3999, "whatever"), "connections_closed_total", {"code": "other"}, 1),
    ("connection_closed", (1000, "bye"), "connections", {}, -1),
    ("handshake_refused", (403, "origin"), "handshakes_refused_total", {"status": "403"}, 1),
    ("frame_refused", ("rate_limited",), "frames_refused_total", {"code": "rate_limited"}, 1),
    ("frame_refused", (ErrorCode.NOT_FOUND,), "frames_refused_total", {"code": "not_found"}, 1),
    ("connection_throttled", (), "connections_throttled_total", {}, 1),
    ("slow_consumer_closed", ("bytes",), "slow_consumers_closed_total", {"reason": "bytes"}, 1),
    ("send_queue_depth", (65536,), "send_queue_bytes_sum", {}, 65536),
    ("loop_lag", (0.125,), "loop_lag_seconds_sum", {}, 0.125),
    ("defect", ("somewhere", broken()), "defects_total", {"where": "somewhere"}, 1),
    ("call_answered", ("GET", "/v1/x", 200, 0.5), "http_calls_total", {"route": "/v1/x", "status": "200"}, 1),
    ("token_refused", ("expired",), "tokens_refused_total", {"reason": "expired"}, 1),
    ("log_in_succeeded", (), "log_ins_total", {"outcome": "succeeded"}, 1),
    ("log_in_refused", (), "log_ins_total", {"outcome": "refused"}, 1),
    ("log_in_limited", ("user",), "log_ins_total", {"outcome": "limited"}, 1),
    ("password_hashing_queue_full", (), "password_hashing_rejected_total", {}, 1),
    ("jwks_fetched", (2,), "jwks_fetches_total", {"outcome": "fetched"}, 1),
    ("jwks_failed", ("status 503",), "jwks_fetches_total", {"outcome": "failed"}, 1),
]


@pytest.mark.parametrize(("event", "arguments", "name", "labels", "by"), EVENTS)
def test_each_event_has_its_counter(
    event: str, arguments: tuple[Any, ...], name: str, labels: dict[str, str], by: float
) -> None:
    with Counted(name, **labels) as counted:
        getattr(telemetry, event)(*arguments)
    assert counted.by == pytest.approx(by)  # the difference of two sums of floats


LOGGED: dict[str, tuple[Any, ...]] = {
    "drain_started": (3,),
    "drained": (0.5,),
    "listening": ("http://127.0.0.1:1",),
    "secret_is_short": (4,),
    "worker_died": (1, -9),
}


@pytest.mark.parametrize(("event", "arguments"), LOGGED.items())
def test_log_only_event_is_one_line(event: str, arguments: tuple[Any, ...]) -> None:
    with capture_logs() as lines:
        getattr(telemetry, event)(*arguments)
    assert len(lines) == 1


def test_every_event_is_tested() -> None:
    tested_elsewhere = {"commands_handled", "configure", "set_worker", "metrics", "unhandled", "remove_worker"}
    tested = {event for event, *_ in EVENTS} | {*LOGGED} | tested_elsewhere
    assert tested == {*telemetry.__all__}


def test_queue_depth_is_that_of_the_last_batch() -> None:
    telemetry.batch_committed(1, 0.1, 17)
    assert sample("commit_queue_depth") == 17


def test_metrics_are_ours_and_without_created_series() -> None:
    names = {family.name for family in text_string_to_metric_families(telemetry.metrics().decode())}
    assert {name for name in names if not name.startswith(("bussa_", "process_"))} == set()
    assert not any(name.endswith("_created") for name in names)
    assert "process_resident_memory_bytes" in names
