"""``refresh``: continue with a newer token of the same user."""

from bussa_protocol.codes import ErrorCode
from bussa_protocol.frames import replies, requests
from bussa_server.auth.principal import Unauthenticated
from bussa_server.session.requests.base import Caller, QueryHandler, refused


async def _answer(caller: Caller, request: requests.RefreshRequest) -> replies.Reply:
    try:
        principal = await caller.tokens.authenticate(request.token)
    except Unauthenticated as error:
        # The current token stays valid: the connection goes on until that expires.
        return refused(request.id, ErrorCode.BAD_REQUEST, f"invalid token: {error}")
    if principal.user != caller.principal.user:
        return refused(request.id, ErrorCode.BAD_REQUEST, "the token belongs to another user")
    caller.renew(principal)
    return replies.OkReply(id=request.id)


HANDLER = QueryHandler(_answer)
