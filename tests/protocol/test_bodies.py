"""Validation of HTTP bodies by their types."""

import msgspec
import pytest
from msgspec import UNSET

from bussa_protocol.bodies import TTL_MAX, LogIn, Problem, SignUp, TokenRequest, UserChange, UserPage


def test_unknown_fields_are_ignored() -> None:
    assert msgspec.json.decode(b'{"user":"bob","password":"x","later":1}', type=LogIn) == LogIn(
        user="bob", password="x"
    )


def test_omitted_field_of_a_change_is_unset() -> None:
    change = msgspec.json.decode(b'{"knocks":false}', type=UserChange)
    assert (change.knocks, change.dm_policy, change.name) == (False, UNSET, UNSET)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"user":"bob\\n","password":"x"}', SignUp),
        (b'{"user":"bob"}', SignUp),
        (b'{"user":"bob","password":""}', SignUp),
        (b'{"user":"bob","password":"x","name":""}', SignUp),
        (b'{"ttl":0}', TokenRequest),
        (b'{"ttl":%d}' % (TTL_MAX + 1), TokenRequest),
        (b'{"dm_policy":"friends"}', UserChange),
        (b'{"knocks":null}', UserChange),
    ],
)
def test_mistyped_or_out_of_range_body_is_refused(body: bytes, kind: type) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=kind)


def test_last_page_has_a_null_cursor() -> None:
    assert msgspec.json.encode(UserPage(users=[], next=None)) == b'{"users":[],"next":null}'


def test_problem_omits_absent_fields() -> None:
    problem = Problem(title="not found", status=404, code="not_found")
    assert msgspec.json.encode(problem) == b'{"title":"not found","status":404,"code":"not_found"}'
