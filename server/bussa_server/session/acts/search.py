"""``search``: messages in which every word of the query begins a word."""

from bussa_protocol.codes import Code
from bussa_protocol.frames import replies, requests
from bussa_server.domain.words import query_words
from bussa_server.session.acts.act import Ask, Caller, no_conversation, refused


async def _answer(caller: Caller, request: requests.Search) -> replies.Reply:
    try:
        page = await caller.store.search(
            caller.principal.user, query_words(request.query), request.peer, request.before, request.limit
        )
    except ValueError:
        return refused(request.id, Code.BAD_REQUEST, "`before` is not a cursor of this search")
    if page is None:
        return no_conversation(request.id)
    return replies.Search(id=request.id, hits=list(page.messages), next=page.next)


ACT = Ask(_answer)
