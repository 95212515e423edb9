"""The token service: verifies tokens and signs new ones.

Authentication is never cached: a revocation takes effect as soon as it is answered, and only the store knows it.
"""

import time
from collections.abc import Callable

from bussa_protocol.bodies import TokenGrant
from bussa_server import telemetry
from bussa_server.auth.jwks import PublishedKeys
from bussa_server.auth.jwt import MIN_SECRET_BYTES, Claims, Keys, TokenError, UnknownKeyError, issue, verify
from bussa_server.auth.principal import Principal, Unauthenticated, check_not_revoked
from bussa_server.ports.store import Store


def _wall_clock() -> int:
    return time.time_ns() // 1_000_000


class TokenService:
    """Implements `bussa_server.auth.principal.Tokens`."""

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
        """``seconds``: the default lifetime of a token. ``now``: returns the time in ms."""
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
        """Verify signature, times, audience and issuer, without the store.

        Raises:
            Unauthenticated: the token is invalid.
            Unavailable: it names an unknown key, and the published keys can't be fetched.
        """
        try:
            claims = await self._claims(token)
        except TokenError as error:
            telemetry.token_refused(error.reason)
            raise Unauthenticated(str(error)) from None
        return Principal(claims.user, claims.user, claims.issued_at, claims.expires_at)

    async def authenticate(self, token: str) -> Principal:
        """Verify ``token`` and check with the store that it is not revoked.

        Raises:
            Unauthenticated: the token is invalid.
            Unavailable: the store is unavailable, or the published keys are and the token names an unknown one.
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
        """Sign a token for ``user``. ``revoked_at``: the user's, for the token must be issued later to be valid."""
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
