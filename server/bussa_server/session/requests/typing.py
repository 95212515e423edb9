"""``typing``: the user is typing. Not logged, sent only to a peer who may see it, never answered."""

from bussa_protocol.frames import events, requests
from bussa_server.domain.policy import Facts, decide, may_see_typing
from bussa_server.session.requests.base import Caller, QueryHandler


async def _answer(caller: Caller, request: requests.TypingRequest) -> None:
    user, peer = caller.principal.user, request.peer
    target = await caller.store.get_user(peer) if peer != user else None
    conversation = await caller.store.get_conversation(user, peer) if target is not None else None
    if target is None or conversation is None:
        return
    mine, theirs = conversation.participants(user)
    if may_see_typing(decide(Facts(mine, theirs, target.settings)), mine):
        caller.hub.deliver_ephemeral(peer, events.TypingEvent(peer=user))


HANDLER = QueryHandler(_answer)
