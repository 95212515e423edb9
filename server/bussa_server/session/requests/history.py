"""``history``: a page of messages of a conversation."""

from bussa_protocol.frames import replies, requests
from bussa_server.session.requests.base import Caller, QueryHandler, no_conversation


async def _answer(caller: Caller, request: requests.HistoryRequest) -> replies.Reply:
    user, peer = caller.principal.user, request.peer
    page = await caller.store.history(user, peer, request.before, request.after, request.limit)
    if page is None:
        return no_conversation(request.id)
    return replies.HistoryReply(id=request.id, peer=peer, messages=list(page.messages), more=page.more)


HANDLER = QueryHandler(_answer)
