"""What the host application does for its users: who there is, who follows whom, who may come in.

Without an admin key there are no such routes: what is not there can't be found, nor opened.
"""

import hmac

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bussa_protocol.bodies import PersonChange, PersonView, TokenRequest
from bussa_protocol.codes import Code
from bussa_protocol.ids import is_user_id
from bussa_server.domain import commands
from bussa_server.domain.book import PersonDone, Refusal
from bussa_server.http import asked
from bussa_server.http.deps import Deps
from bussa_server.http.people import set_following
from bussa_server.http.problems import ProblemError, not_found, refused, unauthenticated
from bussa_server.http.resource import Handler, resource


class Admin:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def put_user(self, request: Request) -> Response:
        """``PUT /v1/users/{id}``: 201 for a new one, else 200; 422 for an id that can't be one."""
        user = request.path_params["id"]
        if not is_user_id(user):
            raise ProblemError(Code.BAD_REQUEST, "an id is 1 to 64 of A-Z a-z 0-9 _ . : -")
        change = await asked.body(request, PersonChange, optional=True)
        done = await self._deps.post.commit(commands.PutPerson(user, change))
        if isinstance(done, Refusal):
            raise refused(done)
        assert isinstance(done, PersonDone)
        settings = done.settings
        view = PersonView(
            user=user,
            name=done.name,
            dm_policy=settings.dm_policy,
            knocks=settings.knocks,
            read_receipts=settings.read_receipts,
        )
        return asked.json(view, 201 if done.created else 200)

    async def follow(self, request: Request) -> Response:
        """``PUT /v1/users/{id}/following/{other}``: 204; 404 for nobody, 422 for oneself."""
        return await self._set(request, follows=True)

    async def unfollow(self, request: Request) -> Response:
        """``DELETE /v1/users/{id}/following/{other}``: 204."""
        return await self._set(request, follows=False)

    async def _set(self, request: Request, *, follows: bool) -> Response:
        user, other = asked.user_id(request, "id"), asked.user_id(request, "other")
        return await set_following(self._deps, user, other, follows=follows)

    async def grant(self, request: Request) -> Response:
        """``POST /v1/users/{id}/tokens``: 201; 404 for nobody."""
        user = asked.user_id(request, "id")
        asks = await asked.body(request, TokenRequest, optional=True)
        person = await self._deps.store.person(user)
        if person is None:
            raise not_found()
        return asked.json(self._deps.tokens.grant(user, person.revoked_at, asks.ttl), 201)


def routes(deps: Deps) -> list[Route]:
    if deps.settings.admin_key is None:
        return []
    key = deps.settings.admin_key.encode()

    def guarded(handler: Handler) -> Handler:
        async def guard(request: Request) -> Response:
            # Starlette reads headers as Latin-1; what was sent were the bytes of a key.
            if not hmac.compare_digest(asked.bearer(request).encode("latin-1"), key):
                raise unauthenticated("that is not the admin key")
            return await handler(request)

        return guard

    admin = Admin(deps)
    return [
        resource("/v1/users/{id}", PUT=guarded(admin.put_user)),
        resource("/v1/users/{id}/tokens", POST=guarded(admin.grant)),
        resource("/v1/users/{id}/following/{other}", PUT=guarded(admin.follow), DELETE=guarded(admin.unfollow)),
    ]
