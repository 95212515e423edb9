"""One file a request, one row a request: read the table aloud and you have described the system.

``hello`` is not here: it is legal once, before there is anybody to act (`session.greeting`).
"""

from bussa_protocol.frames import requests
from bussa_server.session.acts import (
    accept,
    block,
    conversations,
    history,
    mute,
    ping,
    profile,
    read,
    refresh,
    report,
    search,
    send,
    settings,
    sync,
    typing,
)
from bussa_server.session.acts.act import Act, Ask, Caller, Write

ACTS: dict[type, Act] = {
    requests.Send: send.ACT,
    requests.Read: read.ACT,
    requests.Accept: accept.ACCEPT,
    requests.Decline: accept.DECLINE,
    requests.Block: block.BLOCK,
    requests.Unblock: block.UNBLOCK,
    requests.Mute: mute.MUTE,
    requests.Unmute: mute.UNMUTE,
    requests.Report: report.ACT,
    requests.Settings: settings.ACT,
    requests.History: history.ACT,
    requests.Conversations: conversations.ACT,
    requests.Search: search.ACT,
    requests.Profile: profile.ACT,
    requests.Sync: sync.ACT,
    requests.Ping: ping.ACT,
    requests.Refresh: refresh.ACT,
    requests.Typing: typing.ACT,
}

__all__ = ["ACTS", "Act", "Ask", "Caller", "Write"]
