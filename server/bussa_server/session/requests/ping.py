"""``ping``: how far the log reaches. A device that compares it with its cursor knows that it has all."""

from bussa_protocol.frames import replies, requests
from bussa_server.session.requests.base import Caller, QueryHandler


async def _answer(caller: Caller, request: requests.PingRequest) -> replies.Reply:
    heads = await caller.store.heads([caller.principal.user])
    # What was lost on the way is sent first, so that the answer never looks like a gap.
    return replies.PongReply(id=request.id, head=await caller.catch_up_to(heads.get(caller.principal.user, 0)))


HANDLER = QueryHandler(_answer)
