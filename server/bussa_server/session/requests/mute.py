"""``mute`` and ``unmute``: messages arrive, but without a notification."""

from bussa_protocol.frames import requests
from bussa_server.domain.commands import Mute
from bussa_server.session.requests.base import CommandHandler, ok


def _mute(user: str, request: requests.MuteRequest) -> Mute:
    return Mute(user, request.user, muted=True)


def _unmute(user: str, request: requests.UnmuteRequest) -> Mute:
    return Mute(user, request.user, muted=False)


MUTE = CommandHandler(_mute, ok)
UNMUTE = CommandHandler(_unmute, ok)
