"""``report``: kept for the operator; the person reported stays out."""

from bussa_protocol.frames import requests
from bussa_server.domain.commands import Report
from bussa_server.session.acts.act import Write, ok


def _command(user: str, request: requests.Report) -> Report:
    return Report(user, request.peer, request.reason, request.n, request.block)


ACT = Write(_command, ok)
