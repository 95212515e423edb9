"""``profile``: a user's name, and whether the caller may send to them."""

from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import replies, requests
from bussa_server.domain.policy import Facts, can_message, decide
from bussa_server.session.requests.base import Caller, QueryHandler, refused


async def _answer(caller: Caller, request: requests.ProfileRequest) -> replies.Reply:
    user = caller.principal.user
    target = await caller.store.get_user(request.user)
    if target is None:
        return refused(request.id, ErrorCode.NOT_FOUND, "unknown user")
    if target.id == user:
        return replies.ProfileReply(id=request.id, user=user, name=target.name, can_message="no")
    conversation = await caller.store.get_conversation(user, target.id)
    assert conversation is not None
    mine, theirs = conversation.participants(user)
    verdict = decide(Facts(mine, theirs, target.settings))
    return replies.ProfileReply(id=request.id, user=target.id, name=target.name, can_message=can_message(verdict))


HANDLER = QueryHandler(_answer)
