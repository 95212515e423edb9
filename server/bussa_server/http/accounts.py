"""Signing up, logging in, logging out."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bussa_protocol.bodies import LogIn, SignUp
from bussa_protocol.codes import Code
from bussa_server import telemetry
from bussa_server.domain import commands
from bussa_server.domain.book import PersonDone, Refusal, Taken
from bussa_server.http import asked
from bussa_server.http.attempts import Attempts
from bussa_server.http.deps import Deps
from bussa_server.http.passwords import Busy
from bussa_server.http.problems import ProblemError, not_found, refused, taken, unauthenticated
from bussa_server.http.resource import resource
from bussa_server.ports.store import Unavailable


class Accounts:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._attempts = Attempts(deps.settings.login_rate)

    async def sign_up(self, request: Request) -> Response:
        """``POST /v1/accounts``: 201; 404 where it is switched off, 409 `taken`, 429 if too many come at once."""
        deps = self._deps
        if not deps.settings.sign_up:
            raise not_found("nobody can sign up here")
        asks = await asked.body(request, SignUp)
        if len(asks.password) < deps.settings.password_length:
            raise ProblemError(Code.BAD_REQUEST, f"a password has at least {deps.settings.password_length} characters")
        # Whether it is free is decided by the commit. To look before saves a hash that would be for nothing.
        if await deps.store.person(asks.user) is not None:
            raise taken()
        hashed = await deps.passwords.hash(asks.password)
        done = await deps.post.commit(commands.SignUp(asks.user, asks.name or asks.user, hashed))
        if isinstance(done, Taken):
            raise taken()
        assert isinstance(done, PersonDone)
        return asked.json(deps.tokens.grant(asks.user, done.revoked_at), 201)

    async def log_in(self, request: Request) -> Response:
        """``POST /v1/tokens``: 200; 401, the same and as slow for an unknown user as for a wrong password."""
        asks = await asked.body(request, LogIn)
        address = asked.address(request)
        wait = self._attempts.begin(address, asks.user)
        if wait > 0:
            raise ProblemError(Code.RATE_LIMITED, "too many failed log-ins", retry_after=wait)
        try:
            person = await self._deps.store.person(asks.user)
            right = await self._deps.passwords.verify(None if person is None else person.password, asks.password)
        except (Busy, Unavailable):
            self._attempts.forgive(address, asks.user)  # nothing was guessed
            raise
        if person is None or not right:
            telemetry.log_in_refused()
            raise unauthenticated("wrong user or password")
        self._attempts.forgive(address, asks.user)
        telemetry.log_in_succeeded()
        return asked.json(self._deps.tokens.grant(person.id, person.revoked_at))

    async def log_out(self, request: Request) -> Response:
        """``DELETE /v1/sessions``: 204; every token of the user so far stops working."""
        asker = await asked.principal(request, self._deps.tokens)
        done = await self._deps.post.commit(commands.Revoke(asker.user))
        if isinstance(done, Refusal):
            raise refused(done)
        return asked.nothing()


def routes(deps: Deps) -> list[Route]:
    accounts = Accounts(deps)
    return [
        resource("/v1/accounts", POST=accounts.sign_up),
        resource("/v1/tokens", POST=accounts.log_in),
        resource("/v1/sessions", DELETE=accounts.log_out),
    ]
