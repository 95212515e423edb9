"""Sign up, log in, log out."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bussa_protocol.bodies import LogIn, SignUp
from bussa_protocol.codes import ErrorCode
from bussa_server import telemetry
from bussa_server.auth.login_limits import LoginThrottle
from bussa_server.auth.passwords import Busy
from bussa_server.domain import commands
from bussa_server.domain.principal import Principal
from bussa_server.domain.unit_of_work import Refusal, Taken, UserSaved
from bussa_server.http import request_parsing
from bussa_server.http.deps import Deps
from bussa_server.http.problems import ProblemError, not_found, refused, taken, unauthenticated
from bussa_server.http.resource import resource
from bussa_server.ports.store import Unavailable


class Accounts:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._login_throttle = LoginThrottle(deps.settings.login_rate)

    async def sign_up(self, request: Request) -> Response:
        """``POST /v1/accounts``: 201; 404 if sign-up is disabled, 409 `taken`, 429 if too many come at once."""
        deps = self._deps
        if not deps.settings.sign_up:
            raise not_found("sign-up is disabled")
        credentials = await request_parsing.body(request, SignUp)
        if len(credentials.password) < deps.settings.password_length:
            raise ProblemError(
                ErrorCode.BAD_REQUEST, f"a password needs at least {deps.settings.password_length} characters"
            )
        # The commit decides whether the name is free. Checking first saves a useless hash.
        if await deps.store.get_user(credentials.user) is not None:
            raise taken()
        hashed = await deps.passwords.hash(credentials.password)
        result = await deps.commit_queue.commit(
            commands.Command(
                Principal(credentials.user, credentials.user),
                commands.SignUp(credentials.name or credentials.user, hashed),
            )
        )
        if isinstance(result, Taken):
            raise taken()
        assert isinstance(result, UserSaved)
        return request_parsing.json(deps.tokens.grant(credentials.user, result.revoked_at), 201)

    async def log_in(self, request: Request) -> Response:
        """``POST /v1/tokens``: 200; 401, the same and as slow for an unknown user as for a wrong password."""
        credentials = await request_parsing.body(request, LogIn)
        address = request_parsing.client_rate_limit_key(request)
        wait = self._login_throttle.begin(address, credentials.user)
        if wait > 0:
            raise ProblemError(ErrorCode.RATE_LIMITED, "too many failed log-ins", retry_after=wait)
        try:
            user = await self._deps.store.get_user(credentials.user)
            matches = await self._deps.passwords.verify(None if user is None else user.password, credentials.password)
        except (Busy, Unavailable):
            self._login_throttle.refund(address, credentials.user)  # no password was checked
            raise
        if user is None or not matches:
            telemetry.log_in_refused()
            raise unauthenticated("wrong user name or password")
        self._login_throttle.refund(address, credentials.user)
        telemetry.log_in_succeeded()
        return request_parsing.json(self._deps.tokens.grant(user.id, user.revoked_at))

    async def log_out(self, request: Request) -> Response:
        """``DELETE /v1/sessions``: 204; revokes every token of the user issued so far."""
        principal = await request_parsing.principal(request, self._deps.tokens)
        result = await self._deps.commit_queue.commit(commands.Command(principal, commands.Revoke()))
        if isinstance(result, Refusal):
            raise refused(result)
        return request_parsing.no_content()


def routes(deps: Deps) -> list[Route]:
    accounts = Accounts(deps)
    return [
        resource("/v1/accounts", POST=accounts.sign_up),
        resource("/v1/tokens", POST=accounts.log_in),
        resource("/v1/sessions", DELETE=accounts.log_out),
    ]
