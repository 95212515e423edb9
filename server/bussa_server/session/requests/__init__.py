"""The queries: one file and one table row per request that reads.

A request that writes is a command, and its handler is in `bussa_server.domain.handlers`. ``hello`` is neither: it is
legal only once, before the user is authenticated (`session.handshake`).
"""

from bussa_protocol.frames import requests
from bussa_server.session.requests import (
    conversations,
    history,
    ping,
    profile,
    refresh,
    search,
    sync,
    typing,
)
from bussa_server.session.requests.base import Caller, QueryHandler

QUERY_HANDLERS: dict[type, QueryHandler] = {
    requests.HistoryRequest: history.HANDLER,
    requests.ConversationsRequest: conversations.HANDLER,
    requests.SearchRequest: search.HANDLER,
    requests.ProfileRequest: profile.HANDLER,
    requests.SyncRequest: sync.HANDLER,
    requests.PingRequest: ping.HANDLER,
    requests.RefreshRequest: refresh.HANDLER,
    requests.TypingRequest: typing.HANDLER,
}

__all__ = ["QUERY_HANDLERS", "Caller", "QueryHandler"]
