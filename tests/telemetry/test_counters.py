"""What happens is counted: each event by its own metric, and cheaply on the path of a message."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from bussa_protocol import version
from bussa_protocol.codes import Close, Code
from bussa_protocol.frames.parts import Settings, SettingsChange
from bussa_server import telemetry
from bussa_server.domain import commands
from bussa_server.domain.book import Done, PersonDone, Posted, Refusal, SettingsDone, Taken
from tests.telemetry.events import PRIVATE, SEND, Counted, broken, sample

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
        Taken(),
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
        telemetry.commands_carried([(command, result)])
    assert (this.by, all_of_them.by) == (1, 1)
    assert lines == []


def test_every_command_can_be_counted() -> None:
    for kind in commands.Command.__args__:
        command = kind(*[None] * len(kind.__struct_fields__))
        result = Posted("b", 1, 1, 1, "inbox") if kind is commands.Send else Done()
        telemetry.commands_carried([(command, result), (command, Refusal(Code.NOT_FOUND, "no such user"))])


EVENTS: list[tuple[str, tuple[Any, ...], str, dict[str, str], float]] = [
    ("post_overflow", (), "post_overflows_total", {}, 1),
    ("batch_committed", (7, 0.01, 3), "batch_commands_sum", {}, 7),
    ("batch_committed", (7, 0.5, 3), "batch_seconds_sum", {}, 0.5),
    ("store_unavailable", (OSError("gone"), 12), "store_unavailable_total", {}, 12),
    ("command_failed", (SEND, broken()), "commands_failed_total", {"kind": "Send"}, 1),
    ("log_healed", (5,), "log_healed_events_total", {}, 5),
    ("log_healed", (5,), "log_heals_total", {}, 1),
    ("bus_dropped", (4,), "bus_dropped_total", {}, 4),
    ("bus_foreign", (), "bus_foreign_total", {}, 1),
    ("bus_torn", ("redis:1", OSError("gone")), "bus_torn_total", {"server": "redis:1"}, 1),
    ("bus_whole", ("redis:2",), "bus_whole", {"server": "redis:2"}, 1),
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
    ("newcomer_delayed", (), "newcomers_delayed_total", {}, 1),
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


TOLD: dict[str, tuple[Any, ...]] = {
    "drain_started": (3,),
    "drained": (0.5,),
    "listening": ("http://127.0.0.1:1",),
    "secret_is_short": (4,),
    "worker_died": (1, -9),
}


@pytest.mark.parametrize(("event", "arguments"), TOLD.items())
def test_what_is_only_told_is_one_line(event: str, arguments: tuple[Any, ...]) -> None:
    with capture_logs() as lines:
        getattr(telemetry, event)(*arguments)
    assert len(lines) == 1


def test_every_event_is_tried_here() -> None:
    elsewhere = {"commands_carried", "configure", "count_as", "metrics", "unhandled", "vacate"}
    tried = {event for event, *_ in EVENTS} | {*TOLD} | elsewhere
    assert tried == {*telemetry.__all__}


def test_the_last_batch_says_how_many_wait() -> None:
    telemetry.batch_committed(1, 0.1, 17)
    assert sample("post_waiting") == 17


def test_only_our_own_metrics_are_shown_and_none_for_a_time_of_creation() -> None:
    names = {family.name for family in text_string_to_metric_families(telemetry.metrics().decode())}
    assert {name for name in names if not name.startswith(("bussa_", "process_"))} == set()
    assert not any(name.endswith("_created") for name in names)
    assert "process_resident_memory_bytes" in names
