"""``accept`` and ``decline``: answer a knock."""

from bussa_protocol.frames import requests
from bussa_server.domain.commands import Accept, Decline
from bussa_server.session.requests.base import CommandHandler, ok


def _accept(user: str, request: requests.AcceptRequest) -> Accept:
    return Accept(user, request.peer)


def _decline(user: str, request: requests.DeclineRequest) -> Decline:
    return Decline(user, request.peer)


ACCEPT = CommandHandler(_accept, ok)
DECLINE = CommandHandler(_decline, ok)
