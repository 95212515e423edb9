"""``mute`` and ``unmute``: the messages come, without making a noise."""

from bussa_protocol.frames import requests
from bussa_server.domain.commands import Mute
from bussa_server.session.acts.act import Write, ok


def _mute(user: str, request: requests.Mute) -> Mute:
    return Mute(user, request.user, muted=True)


def _unmute(user: str, request: requests.Unmute) -> Mute:
    return Mute(user, request.user, muted=False)


MUTE = Write(_mute, ok)
UNMUTE = Write(_unmute, ok)
