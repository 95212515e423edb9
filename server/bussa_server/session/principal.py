"""Authentication: the principal that a token names, and the check whether the token was revoked."""

from dataclasses import dataclass
from typing import Protocol

from bussa_server import telemetry


class Unauthenticated(Exception):  # noqa: N818 - the contract's own word for it
    """An invalid token: wrong signature, expired, revoked, or of an unknown user.

    The message is for people and never contains any part of the token.
    """


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated user, and who acts for it. Times are milliseconds since 1970 UTC."""

    actor: str
    """Who acts. The same as ``user`` unless somebody acts on the user's behalf."""
    user: str
    """Whose log and privacy settings apply."""
    issued_at: int
    """A revocation at or after this time voids the token."""
    expires_at: int


def check_not_revoked(principal: Principal, revoked_at: int | None) -> None:
    """Check that a token was not revoked. ``revoked_at``: of its user, from the store (ms); None: unknown user.

    Raises Unauthenticated.
    """
    if revoked_at is None:
        telemetry.token_refused("nobody")
        raise Unauthenticated("unknown user")
    if principal.issued_at <= revoked_at:
        telemetry.token_refused("revoked")
        raise Unauthenticated("token revoked")


class Tokens(Protocol):
    """Authenticates tokens."""

    async def verify(self, token: str) -> Principal:
        """Verify signature, times, audience and issuer, without the store.

        Whether the token was revoked only the store knows: see `check_not_revoked`.

        Raises:
            Unauthenticated: the token is invalid.
            Unavailable: the published keys can't be fetched.
        """
        ...

    async def authenticate(self, token: str) -> Principal:
        """Verify the token and check with the store that it is not revoked.

        Raises:
            Unauthenticated: the token is invalid.
            Unavailable: the store, or the published keys, are unavailable.
        """
        ...
