"""Every request has one handler, which says what the stores and the metrics need to know about it."""

import re
import typing

import pytest

from bussa_protocol.frames import Request, requests
from bussa_server.domain.commands import PostponeTimer, Revoke, RunTimer
from bussa_server.domain.handlers import HANDLERS, peer_of, rows_of
from bussa_server.domain.handlers.registry import handles
from bussa_server.domain.relations import AbuseReport
from bussa_server.session.requests import QUERY_HANDLERS
from tests import commands


def test_every_request_but_hello_is_a_command_or_a_query() -> None:
    wire = {*typing.get_args(Request)} - {requests.HelloRequest}
    assert (HANDLERS.keys() & wire) | QUERY_HANDLERS.keys() == wire
    assert not HANDLERS.keys() & QUERY_HANDLERS.keys()


def test_names_are_distinct_and_those_of_the_wire() -> None:
    names = {kind: handler.name for kind, handler in HANDLERS.items()}
    assert len({*names.values()}) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names.values())
    assert names[requests.UnmuteRequest] == "unmute"
    assert (names[Revoke], names[RunTimer], names[PostponeTimer]) == ("revoke", "run_timer", "postpone_timer")


def test_peer_is_the_other_user_of_a_request() -> None:
    both = [
        commands.Send("ann", "bob", "ciao", "1"),
        commands.MarkRead("ann", "bob", 1),
        commands.Block("ann", "bob", False),
        commands.Report("ann", "bob", "spam"),
        commands.Follow("ann", "bob", True),
    ]
    assert {peer_of(command) for command in both} == {"bob"}
    assert peer_of(commands.Revoke("ann")) is None


def test_rows_are_those_that_the_handler_names() -> None:
    assert [*rows_of(commands.Report("ann", "bob", "spam"))] == [(AbuseReport, ("ann", "bob", 0, "spam"))]
    assert [*rows_of(commands.Send("ann", "bob", "ciao", "1"))] == []


def test_second_handler_of_a_request_is_a_defect() -> None:
    with pytest.raises(AssertionError):
        handles(Revoke)(lambda uow, principal, request, now: None)  # type: ignore[arg-type, return-value]
    assert HANDLERS[Revoke].name == "revoke"
