"""``profile``: a person's name, and whether the asker may write."""

from bussa_protocol.codes import Code
from bussa_protocol.frames import replies, requests
from bussa_server.domain.policy import Facts, can_message, decide
from bussa_server.session.acts.act import Ask, Caller, refused


async def _answer(caller: Caller, request: requests.Profile) -> replies.Reply:
    user = caller.principal.user
    person = await caller.store.person(request.user)
    if person is None:
        return refused(request.id, Code.NOT_FOUND, "no such user")
    if person.id == user:
        return replies.Profile(id=request.id, user=user, name=person.name, can_message="no")
    pair = await caller.store.pair(user, person.id)
    assert pair is not None
    mine, theirs = pair.of(user)
    verdict = decide(Facts(mine, theirs, person.settings))
    return replies.Profile(id=request.id, user=person.id, name=person.name, can_message=can_message(verdict))


ACT = Ask(_answer)
