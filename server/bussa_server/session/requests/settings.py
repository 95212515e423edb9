"""``settings``: read the privacy settings, or change some of them."""

from bussa_protocol.frames import parts, replies, requests
from bussa_server.domain.commands import ChangeSettings
from bussa_server.domain.unit_of_work import SettingsSaved
from bussa_server.session.requests.base import CommandHandler


def _to_command(user: str, request: requests.SettingsRequest) -> ChangeSettings:
    # A read is an empty change: so it sees all changes submitted before it.
    return ChangeSettings(user, request.set or parts.SettingsChange())


def _to_reply(request: requests.SettingsRequest, done: SettingsSaved) -> replies.SettingsReply:
    return replies.SettingsReply(id=request.id, settings=done.settings, seq=done.seq)


HANDLER = CommandHandler(_to_command, _to_reply)
