"""``mute`` and ``unmute``: the messages come, without making a noise."""

from bussa_protocol.frames import requests
from bussa_server.domain.commands import Mute
from bussa_server.session.requests.base import CommandHandler, ok


def _mute(user: str, request: requests.MuteRequest) -> Mute:
    return Mute(user, request.user, muted=True)


def _unmute(user: str, request: requests.UnmuteRequest) -> Mute:
    return Mute(user, request.user, muted=False)


MUTE = CommandHandler(_mute, ok)
UNMUTE = CommandHandler(_unmute, ok)
