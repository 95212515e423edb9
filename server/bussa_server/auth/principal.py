"""Authentication: tokens name a principal; the check whether a token was revoked."""

from typing import Protocol

from bussa_server import telemetry
from bussa_server.domain.principal import Principal

__all__ = ["Principal", "Tokens", "Unauthenticated", "check_not_revoked"]


class Unauthenticated(Exception):  # noqa: N818 - the contract's own word for it
    """An invalid token: wrong signature, expired, revoked, or of an unknown user.

    The message is for people and never contains any part of the token.
    """


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
