"""Following and followers of a user."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bussa_protocol.bodies import UserPage
from bussa_protocol.codes import ErrorCode
from bussa_server.domain import commands
from bussa_server.domain.principal import Principal
from bussa_server.domain.unit_of_work import Refusal
from bussa_server.http import request_parsing
from bussa_server.http.deps import Deps
from bussa_server.http.problems import ProblemError, refused
from bussa_server.http.resource import resource


class Following:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def follow(self, request: Request) -> Response:
        """``PUT /v1/following/{user}``: 204; 404 for an unknown user, 422 for the caller."""
        return await self._set_following(request, follows=True)

    async def unfollow(self, request: Request) -> Response:
        """``DELETE /v1/following/{user}``: 204, also if the user was not followed."""
        return await self._set_following(request, follows=False)

    async def _set_following(self, request: Request, *, follows: bool) -> Response:
        principal = await request_parsing.principal(request, self._deps.tokens)
        return await set_following(self._deps, principal, request_parsing.user_id(request), follows=follows)

    async def following(self, request: Request) -> Response:
        """``GET /v1/following?cursor=&limit=``"""
        return await self._list(request, followers=False)

    async def followers(self, request: Request) -> Response:
        """``GET /v1/followers?cursor=&limit=``"""
        return await self._list(request, followers=True)

    async def _list(self, request: Request, *, followers: bool) -> Response:
        principal = await request_parsing.principal(request, self._deps.tokens)
        cursor, limit = request_parsing.page(request)
        try:
            found = await self._deps.store.follows(principal.user, followers=followers, after=cursor, limit=limit)
        except ValueError:
            if cursor is None:
                raise
            raise ProblemError(ErrorCode.BAD_REQUEST, "invalid `cursor`") from None
        return request_parsing.json(UserPage(users=list(found.users), next=found.next))


async def set_following(deps: Deps, principal: Principal, other: str, *, follows: bool) -> Response:
    """Make the user of ``principal`` follow ``other``, or unfollow."""
    result = await deps.commit_queue.commit(commands.Command(principal, commands.Follow(other, follows)))
    if isinstance(result, Refusal):
        raise refused(result)
    return request_parsing.no_content()


def routes(deps: Deps) -> list[Route]:
    following = Following(deps)
    return [
        resource("/v1/following", GET=following.following),
        resource("/v1/following/{user}", PUT=following.follow, DELETE=following.unfollow),
        resource("/v1/followers", GET=following.followers),
    ]
