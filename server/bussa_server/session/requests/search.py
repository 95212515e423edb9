"""``search``: messages in which every word of the query begins a word."""

from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import replies, requests
from bussa_server.domain.tokenizer import tokenize_query
from bussa_server.session.requests.base import Caller, QueryHandler, no_conversation, refused


async def _answer(caller: Caller, request: requests.SearchRequest) -> replies.Reply:
    try:
        page = await caller.store.search(
            caller.principal.user, tokenize_query(request.query), request.peer, request.before, request.limit
        )
    except ValueError:
        return refused(request.id, ErrorCode.BAD_REQUEST, "`before` is not a cursor of this search")
    if page is None:
        return no_conversation(request.id)
    return replies.SearchReply(id=request.id, hits=list(page.messages), next=page.next)


HANDLER = QueryHandler(_answer)
