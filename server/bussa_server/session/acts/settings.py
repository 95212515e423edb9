"""``settings``: read the door's settings, or set some of them."""

from bussa_protocol.frames import parts, replies, requests
from bussa_server.domain.book import SettingsDone
from bussa_server.domain.commands import ChangeSettings
from bussa_server.session.acts.act import Write


def _command(user: str, request: requests.Settings) -> ChangeSettings:
    # To read is to change nothing: so what is read stands in the order of the changes before it.
    return ChangeSettings(user, request.set or parts.SettingsChange())


def _reply(request: requests.Settings, done: SettingsDone) -> replies.Settings:
    return replies.Settings(id=request.id, settings=done.settings, seq=done.seq)


ACT = Write(_command, _reply)
