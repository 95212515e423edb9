"""The request handlers: one file and one table row per request.

``hello`` is not among them: it is legal only once, before the user is authenticated (`session.handshake`).
"""

from bussa_protocol.frames import requests
from bussa_server.session.requests import (
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
from bussa_server.session.requests.base import Caller, CommandHandler, QueryHandler, RequestHandler

REQUEST_HANDLERS: dict[type, RequestHandler] = {
    requests.SendRequest: send.HANDLER,
    requests.ReadRequest: read.HANDLER,
    requests.AcceptRequest: accept.ACCEPT,
    requests.DeclineRequest: accept.DECLINE,
    requests.BlockRequest: block.BLOCK,
    requests.UnblockRequest: block.UNBLOCK,
    requests.MuteRequest: mute.MUTE,
    requests.UnmuteRequest: mute.UNMUTE,
    requests.ReportRequest: report.HANDLER,
    requests.SettingsRequest: settings.HANDLER,
    requests.HistoryRequest: history.HANDLER,
    requests.ConversationsRequest: conversations.HANDLER,
    requests.SearchRequest: search.HANDLER,
    requests.ProfileRequest: profile.HANDLER,
    requests.SyncRequest: sync.HANDLER,
    requests.PingRequest: ping.HANDLER,
    requests.RefreshRequest: refresh.HANDLER,
    requests.TypingRequest: typing.HANDLER,
}

__all__ = ["REQUEST_HANDLERS", "Caller", "CommandHandler", "QueryHandler", "RequestHandler"]
