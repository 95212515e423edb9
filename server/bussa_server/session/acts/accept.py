"""``accept`` and ``decline``: the answer to a knock."""

from bussa_protocol.frames import requests
from bussa_server.domain.commands import Accept, Decline
from bussa_server.session.acts.act import Write, ok


def _accept(user: str, request: requests.Accept) -> Accept:
    return Accept(user, request.peer)


def _decline(user: str, request: requests.Decline) -> Decline:
    return Decline(user, request.peer)


ACCEPT = Write(_accept, ok)
DECLINE = Write(_decline, ok)
