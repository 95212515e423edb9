"""``sync``: a page of the user's own log."""

from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import replies, requests
from bussa_server.session.requests.base import Caller, QueryHandler, refused


async def _answer(caller: Caller, request: requests.SyncRequest) -> replies.Reply:
    page = await caller.store.log(caller.principal.user, request.after, request.limit)
    if request.after + 1 < page.tail:
        return refused(request.id, ErrorCode.NOT_FOUND, f"the log starts at {page.tail}")
    return replies.SyncReply(id=request.id, events=list(page.events), head=page.head)


HANDLER = QueryHandler(_answer)
