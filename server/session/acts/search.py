"""``search``: messages in which every word of the query begins a word."""

from protocol.codes import Code
from protocol.frames import replies, requests
from server.domain.words import query_words
from server.session.acts.act import Ask, Caller, no_conversation, refused


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
