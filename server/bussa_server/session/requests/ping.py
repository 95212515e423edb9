"""``ping``: the head of the log. A device compares it with its cursor to know that it has everything."""

from bussa_protocol.frames import replies, requests
from bussa_server.session.requests.base import Caller, QueryHandler


async def _answer(caller: Caller, request: requests.PingRequest) -> replies.Reply:
    heads = await caller.store.heads([caller.principal.user])
    # Lost events are sent before the pong, so that its head never looks like a gap.
    return replies.PongReply(id=request.id, head=await caller.catch_up_to(heads.get(caller.principal.user, 0)))


HANDLER = QueryHandler(_answer)
