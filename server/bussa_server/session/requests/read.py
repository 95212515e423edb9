"""``read``: mark a conversation as read up to a message."""

from bussa_protocol.frames import requests
from bussa_server.domain.commands import MarkRead
from bussa_server.session.requests.base import CommandHandler, ok


def _to_command(user: str, request: requests.ReadRequest) -> MarkRead:
    return MarkRead(user, request.peer, request.n)


HANDLER = CommandHandler(_to_command, ok)
