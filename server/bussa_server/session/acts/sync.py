"""``sync``: events of the user's own log, asked for."""

from bussa_protocol.codes import Code
from bussa_protocol.frames import replies, requests
from bussa_server.session.acts.act import Ask, Caller, refused


async def _answer(caller: Caller, request: requests.Sync) -> replies.Reply:
    page = await caller.store.log(caller.principal.user, request.after, request.limit)
    if request.after + 1 < page.tail:
        return refused(request.id, Code.NOT_FOUND, f"the log begins at {page.tail}")
    return replies.Sync(id=request.id, events=list(page.events), head=page.head)


ACT = Ask(_answer)
