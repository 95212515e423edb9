"""``settings``: read the door's settings, or set some of them."""

from bussa_protocol.frames import parts, replies, requests
from bussa_server.domain.commands import ChangeSettings
from bussa_server.domain.unit_of_work import SettingsSaved
from bussa_server.session.requests.base import CommandHandler


def _to_command(user: str, request: requests.SettingsRequest) -> ChangeSettings:
    # To read is to change nothing: so what is read stands in the order of the changes before it.
    return ChangeSettings(user, request.set or parts.SettingsChange())


def _to_reply(request: requests.SettingsRequest, done: SettingsSaved) -> replies.SettingsReply:
    return replies.SettingsReply(id=request.id, settings=done.settings, seq=done.seq)


HANDLER = CommandHandler(_to_command, _to_reply)
