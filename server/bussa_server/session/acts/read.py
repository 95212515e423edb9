"""``read``: everything up to a message has been read."""

from bussa_protocol.frames import requests
from bussa_server.domain.commands import MarkRead
from bussa_server.session.acts.act import Write, ok


def _command(user: str, request: requests.Read) -> MarkRead:
    return MarkRead(user, request.peer, request.n)


ACT = Write(_command, ok)
