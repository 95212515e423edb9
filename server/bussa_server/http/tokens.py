"""Who a token speaks for, and signing new ones.

Nothing is remembered between two questions: what was revoked does not count from the moment on in which that
was answered, and only the store knows it.
"""

import time
from collections.abc import Callable

from bussa_protocol.bodies import TokenGrant
from bussa_server import telemetry
from bussa_server.domain.token import MIN_SECRET_BYTES, Claims, Keys, TokenError, UnknownKeyError, issue, verify
from bussa_server.http.jwks import PublishedKeys
from bussa_server.ports.store import Store
from bussa_server.session.principal import Principal, Unauthenticated, check_not_revoked


def _wall_clock() -> int:
    return time.time_ns() // 1_000_000


class TokenService:
    """Is the `bussa_server.session.principal.Tokens` of the sessions, too."""

    def __init__(
        self,
        store: Store,
        secret: bytes,
        *,
        seconds: int,
        published: PublishedKeys | None = None,
        audience: str | None = None,
        issuer: str | None = None,
        now: Callable[[], int] = _wall_clock,
    ) -> None:
        """``seconds``: how long a token is good for if nobody says otherwise. ``now``: in ms."""
        self._store = store
        self._secret = secret
        self._seconds = seconds
        self._published = published
        self._audience = audience
        self._issuer = issuer
        self._now = now
        if len(secret) < MIN_SECRET_BYTES:
            telemetry.secret_is_short(len(secret))

    async def verify(self, token: str) -> Principal:
        """Whom ``token`` names, by its signature and its time alone.

        Raises:
            Unauthenticated: it does not count.
            Unavailable: the published keys are out of reach and one is needed that is not at hand.
        """
        try:
            claims = await self._claims(token)
        except TokenError as error:
            telemetry.token_refused(error.reason)
            raise Unauthenticated(str(error)) from None
        return Principal(claims.user, claims.user, claims.issued_at, claims.expires_at)

    async def authenticate(self, token: str) -> Principal:
        """Whose ``token`` this is, as the store knows it at this moment.

        Raises:
            Unauthenticated: it does not count.
            Unavailable: the store is out of reach, or the published keys are and one is needed that is not at hand.
        """
        principal = await self.verify(token)
        user = await self._store.get_user(principal.user)
        check_not_revoked(principal, None if user is None else user.revoked_at)
        return principal

    async def _claims(self, token: str) -> Claims:
        try:
            return self._verify(token)
        except UnknownKeyError:
            if self._published is None or not await self._published.refresh():
                raise
        return self._verify(token)

    def _verify(self, token: str) -> Claims:
        published = self._published.keys if self._published is not None else ()
        return verify(token, Keys(self._secret, published), self._now(), self._audience, self._issuer)

    def grant(self, user: str, revoked_at: int, seconds: int | None = None) -> TokenGrant:
        """Sign a token for ``user``. ``revoked_at``: the person's, or what is granted would not count."""
        token, expires_at = issue(
            user,
            self._secret,
            seconds or self._seconds,
            self._now(),
            revoked_at,
            audience=self._audience,
            issuer=self._issuer,
        )
        return TokenGrant(user=user, token=token, expires_at=expires_at)
