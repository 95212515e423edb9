"""The bodies of HTTP check themselves."""

import msgspec
import pytest
from msgspec import UNSET

from bussa_protocol.bodies import TTL_MAX, LogIn, PersonChange, Problem, SignUp, TokenRequest, UserPage


def test_unknown_fields_are_passed_over() -> None:
    assert msgspec.json.decode(b'{"user":"bob","password":"x","later":1}', type=LogIn) == LogIn(
        user="bob", password="x"
    )


def test_what_is_left_out_of_a_change_is_not_changed() -> None:
    change = msgspec.json.decode(b'{"knocks":false}', type=PersonChange)
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
        (b'{"dm_policy":"friends"}', PersonChange),
        (b'{"knocks":null}', PersonChange),
    ],
)
def test_what_is_mistyped_or_out_of_range_is_refused(body: bytes, kind: type) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=kind)


def test_the_last_page_says_so() -> None:
    assert msgspec.json.encode(UserPage(users=[], next=None)) == b'{"users":[],"next":null}'


def test_a_problem_says_what_there_is_to_say() -> None:
    problem = Problem(title="not found", status=404, code="not_found")
    assert msgspec.json.encode(problem) == b'{"title":"not found","status":404,"code":"not_found"}'
