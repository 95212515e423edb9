"""``refresh``: go on with a newer token of the same user."""

from bussa_protocol.codes import Code
from bussa_protocol.frames import replies, requests
from bussa_server.session.acts.act import Ask, Caller, refused
from bussa_server.session.principal import Unauthenticated


async def _answer(caller: Caller, request: requests.Refresh) -> replies.Reply:
    try:
        principal = await caller.tokens.who(request.token)
    except Unauthenticated as error:
        # The token in force still counts: the connection goes on until it runs out.
        return refused(request.id, Code.BAD_REQUEST, f"the token is refused: {error}")
    if principal.user != caller.principal.user:
        return refused(request.id, Code.BAD_REQUEST, "the token is another user's")
    caller.renew(principal)
    return replies.Ok(id=request.id)


ACT = Ask(_answer)
