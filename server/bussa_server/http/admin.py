"""The admin calls of the host application: users, their following, their tokens.

Without an admin key these routes do not exist: 404.
"""

import hmac

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bussa_protocol.bodies import TokenRequest, UserChange, UserView
from bussa_protocol.codes import ErrorCode
from bussa_protocol.ids import is_user_id
from bussa_server.domain import commands
from bussa_server.domain.principal import Principal
from bussa_server.domain.unit_of_work import Refusal, UserSaved
from bussa_server.http import request_parsing
from bussa_server.http.deps import Deps
from bussa_server.http.following import set_following
from bussa_server.http.problems import ProblemError, not_found, refused, unauthenticated
from bussa_server.http.resource import Handler, resource


class Admin:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def put_user(self, request: Request) -> Response:
        """``PUT /v1/users/{id}``: 201 for a new user, else 200; 422 for an invalid id."""
        user = request.path_params["id"]
        if not is_user_id(user):
            raise ProblemError(ErrorCode.BAD_REQUEST, "a user id is 1 to 64 characters of A-Z a-z 0-9 _ . : -")
        change = await request_parsing.body(request, UserChange, optional=True)
        result = await self._deps.commit_queue.commit(commands.Command(Principal(user, user), commands.PutUser(change)))
        if isinstance(result, Refusal):
            raise refused(result)
        assert isinstance(result, UserSaved)
        settings = result.settings
        view = UserView(
            user=user,
            name=result.name,
            dm_policy=settings.dm_policy,
            knocks=settings.knocks,
            read_receipts=settings.read_receipts,
        )
        return request_parsing.json(view, 201 if result.created else 200)

    async def follow(self, request: Request) -> Response:
        """``PUT /v1/users/{id}/following/{other}``: 204; 404 for an unknown user, 422 if both are the same."""
        return await self._set_following(request, follows=True)

    async def unfollow(self, request: Request) -> Response:
        """``DELETE /v1/users/{id}/following/{other}``: 204."""
        return await self._set_following(request, follows=False)

    async def _set_following(self, request: Request, *, follows: bool) -> Response:
        user, other = request_parsing.user_id(request, "id"), request_parsing.user_id(request, "other")
        return await set_following(self._deps, Principal(user, user), other, follows=follows)

    async def grant(self, request: Request) -> Response:
        """``POST /v1/users/{id}/tokens``: 201; 404 for an unknown user."""
        user = request_parsing.user_id(request, "id")
        grant_request = await request_parsing.body(request, TokenRequest, optional=True)
        found = await self._deps.store.get_user(user)
        if found is None:
            raise not_found()
        return request_parsing.json(self._deps.tokens.grant(user, found.revoked_at, grant_request.ttl), 201)


def routes(deps: Deps) -> list[Route]:
    if deps.settings.admin_key is None:
        return []
    key = deps.settings.admin_key.encode()

    def guarded(handler: Handler) -> Handler:
        async def guard(request: Request) -> Response:
            # Starlette decodes headers as Latin-1; encode back to the bytes that were sent.
            if not hmac.compare_digest(request_parsing.bearer_token(request).encode("latin-1"), key):
                raise unauthenticated("invalid admin key")
            return await handler(request)

        return guard

    admin = Admin(deps)
    return [
        resource("/v1/users/{id}", PUT=guarded(admin.put_user)),
        resource("/v1/users/{id}/tokens", POST=guarded(admin.grant)),
        resource("/v1/users/{id}/following/{other}", PUT=guarded(admin.follow), DELETE=guarded(admin.unfollow)),
    ]
