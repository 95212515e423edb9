"""``history``: a page of a conversation."""

from bussa_protocol.frames import replies, requests
from bussa_server.session.acts.act import Ask, Caller, no_conversation


async def _answer(caller: Caller, request: requests.History) -> replies.Reply:
    user, peer = caller.principal.user, request.peer
    page = await caller.store.history(user, peer, request.before, request.after, request.limit)
    if page is None:
        return no_conversation(request.id)
    return replies.History(id=request.id, peer=peer, messages=list(page.messages), more=page.more)


ACT = Ask(_answer)
