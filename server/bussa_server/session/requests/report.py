"""``report``: store a report for the operator, and block the user if asked."""

from bussa_protocol.frames import requests
from bussa_server.domain.commands import Report
from bussa_server.session.requests.base import CommandHandler, ok


def _to_command(user: str, request: requests.ReportRequest) -> Report:
    return Report(user, request.peer, request.reason, request.n, request.block)


HANDLER = CommandHandler(_to_command, ok)
