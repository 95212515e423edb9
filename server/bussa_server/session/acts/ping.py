"""``ping``: how far the log reaches. A device that compares it with its cursor knows that it has all."""

from bussa_protocol.frames import replies, requests
from bussa_server.session.acts.act import Ask, Caller


async def _answer(caller: Caller, request: requests.Ping) -> replies.Reply:
    heads = await caller.store.heads([caller.principal.user])
    # What was lost on the way is sent first, so that the answer never looks like a gap.
    return replies.Pong(id=request.id, head=await caller.reach(heads.get(caller.principal.user, 0)))


ACT = Ask(_answer)
