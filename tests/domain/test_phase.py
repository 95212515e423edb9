"""Which request is legal in which phase: the whole table, written out."""

from typing import get_args

import pytest

from bussa_protocol.frames import Request, requests
from bussa_protocol.frames.parts import SettingsChange
from bussa_server.domain.phase import Action, Phase, action_for

HELLO = requests.HelloRequest(token="t")
OTHERS: list[Request] = [
    requests.TypingRequest(peer="bob"),
    requests.SendRequest(id=1, to="bob", text="ciao", nonce="1"),
    requests.HistoryRequest(id=1, peer="bob"),
    requests.ConversationsRequest(id=1),
    requests.ReadRequest(id=1, peer="bob", n=1),
    requests.AcceptRequest(id=1, peer="bob"),
    requests.DeclineRequest(id=1, peer="bob"),
    requests.BlockRequest(id=1, user="bob"),
    requests.UnblockRequest(id=1, user="bob"),
    requests.MuteRequest(id=1, user="bob"),
    requests.UnmuteRequest(id=1, user="bob"),
    requests.ReportRequest(id=1, peer="bob", reason="spam"),
    requests.SettingsRequest(id=1, set=SettingsChange()),
    requests.ProfileRequest(id=1, user="bob"),
    requests.SearchRequest(id=1, query="ciao"),
    requests.SyncRequest(id=1, after=0),
    requests.RefreshRequest(id=1, token="t"),
    requests.PingRequest(id=1),
]


def test_every_request_is_in_the_table() -> None:
    assert {type(request) for request in [HELLO, *OTHERS]} == set(get_args(Request))


@pytest.mark.parametrize("request_", OTHERS, ids=lambda request: type(request).__name__)
def test_requests_are_handled_only_in_open_phase(request_: Request) -> None:
    assert action_for(Phase.HANDSHAKE, request_) is Action.CLOSE
    assert action_for(Phase.OPEN, request_) is Action.HANDLE
    assert action_for(Phase.CLOSED, request_) is Action.IGNORE


def test_hello_is_handled_only_in_handshake_phase() -> None:
    assert action_for(Phase.HANDSHAKE, HELLO) is Action.HANDLE
    assert action_for(Phase.OPEN, HELLO) is Action.REJECT
    assert action_for(Phase.CLOSED, HELLO) is Action.IGNORE
