"""Which request is legal when: the whole table, written out."""

from typing import get_args

import pytest

from bussa_protocol.frames import Request, requests
from bussa_protocol.frames.parts import SettingsChange
from bussa_server.domain.phase import Phase, Ruling, rule

HELLO = requests.Hello(token="t")
OTHERS: list[Request] = [
    requests.Typing(peer="bob"),
    requests.Send(id=1, to="bob", text="ciao", nonce="1"),
    requests.History(id=1, peer="bob"),
    requests.Conversations(id=1),
    requests.Read(id=1, peer="bob", n=1),
    requests.Accept(id=1, peer="bob"),
    requests.Decline(id=1, peer="bob"),
    requests.Block(id=1, user="bob"),
    requests.Unblock(id=1, user="bob"),
    requests.Mute(id=1, user="bob"),
    requests.Unmute(id=1, user="bob"),
    requests.Report(id=1, peer="bob", reason="spam"),
    requests.Settings(id=1, set=SettingsChange()),
    requests.Profile(id=1, user="bob"),
    requests.Search(id=1, query="ciao"),
    requests.Sync(id=1, after=0),
    requests.Refresh(id=1, token="t"),
    requests.Ping(id=1),
]


def test_every_request_is_in_the_table() -> None:
    assert {type(request) for request in [HELLO, *OTHERS]} == set(get_args(Request))


@pytest.mark.parametrize("request_", OTHERS, ids=lambda request: type(request).__name__)
def test_a_request_is_taken_between_the_greeting_and_the_end(request_: Request) -> None:
    assert rule(Phase.GREETING, request_) is Ruling.CLOSE
    assert rule(Phase.OPEN, request_) is Ruling.TAKE
    assert rule(Phase.ENDED, request_) is Ruling.IGNORE


def test_hello_is_the_first_and_never_again() -> None:
    assert rule(Phase.GREETING, HELLO) is Ruling.TAKE
    assert rule(Phase.OPEN, HELLO) is Ruling.REFUSE
    assert rule(Phase.ENDED, HELLO) is Ruling.IGNORE
