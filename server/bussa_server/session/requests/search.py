"""``search``: messages in which each word of the query is the prefix of a word."""

from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import replies, requests
from bussa_server.lib.tokenizer import tokenize_query
from bussa_server.session.requests.base import Caller, QueryHandler, no_conversation, refused


async def _answer(caller: Caller, request: requests.SearchRequest) -> replies.Reply:
    try:
        page = await caller.store.search(
            caller.principal.user, tokenize_query(request.query), request.peer, request.before, request.limit
        )
    except ValueError:
        return refused(request.id, ErrorCode.BAD_REQUEST, "invalid `before` cursor")
    if page is None:
        return no_conversation(request.id)
    return replies.SearchReply(id=request.id, hits=list(page.messages), next=page.next)


HANDLER = QueryHandler(_answer)
