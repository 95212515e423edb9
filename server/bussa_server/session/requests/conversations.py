"""``conversations``: a page of the conversation list, newest first."""

from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import replies, requests
from bussa_server.session.requests.base import Caller, QueryHandler, refused


async def _answer(caller: Caller, request: requests.ConversationsRequest) -> replies.Reply:
    try:
        page = await caller.store.conversations(caller.principal.user, request.folder, request.before, request.limit)
    except ValueError:
        return refused(request.id, ErrorCode.BAD_REQUEST, "invalid `before` cursor")
    return replies.ConversationsReply(id=request.id, conversations=list(page.conversations), next=page.next)


HANDLER = QueryHandler(_answer)
