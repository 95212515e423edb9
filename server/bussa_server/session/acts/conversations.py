"""``conversations``: a page of the list, newest first."""

from bussa_protocol.codes import Code
from bussa_protocol.frames import replies, requests
from bussa_server.session.acts.act import Ask, Caller, refused


async def _answer(caller: Caller, request: requests.Conversations) -> replies.Reply:
    try:
        page = await caller.store.conversations(caller.principal.user, request.folder, request.before, request.limit)
    except ValueError:
        return refused(request.id, Code.BAD_REQUEST, "`before` is not a cursor of this list")
    return replies.Conversations(id=request.id, conversations=list(page.conversations), next=page.next)


ACT = Ask(_answer)
