"""``typing``: the user is writing. Fleeting: told to whom it may be told, or to nobody; never answered."""

from bussa_protocol.frames import events, requests
from bussa_server.domain.policy import Facts, decide, hears_typing
from bussa_server.session.acts.act import Ask, Caller


async def _answer(caller: Caller, request: requests.Typing) -> None:
    user, peer = caller.principal.user, request.peer
    person = await caller.store.person(peer) if peer != user else None
    pair = await caller.store.pair(user, peer) if person is not None else None
    if person is None or pair is None:
        return
    mine, theirs = pair.of(user)
    if hears_typing(decide(Facts(mine, theirs, person.settings)), mine):
        caller.hub.hint(peer, events.Typing(peer=user))


ACT = Ask(_answer)
