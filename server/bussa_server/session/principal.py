"""Who is asking: what a token proves, and the one question that is asked about it."""

from dataclasses import dataclass
from typing import Protocol

from bussa_server import telemetry


class Unauthenticated(Exception):  # noqa: N818 - the contract's own word for it
    """A token that does not count: not one of ours, run out, revoked, or of nobody.

    Its message is for people and never holds any part of the token.
    """


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever acts, and whose log and door it is. Times are milliseconds since 1970 UTC."""

    actor: str
    """Who acts. One and the same with ``user``, as long as nobody acts for another."""
    user: str
    issued_at: int
    """A revocation at or after this time ends it."""
    expires_at: int


def check_not_revoked(principal: Principal, revoked_at: int | None) -> None:
    """See whether a token still counts. ``revoked_at``: its user's, as the store has it; None: there is no such user.

    Raises Unauthenticated.
    """
    if revoked_at is None:
        telemetry.token_refused("nobody")
        raise Unauthenticated("the token names nobody here")
    if principal.issued_at <= revoked_at:
        telemetry.token_refused("revoked")
        raise Unauthenticated("the token was revoked")


class Tokens(Protocol):
    """Tells who a token speaks for."""

    async def verify(self, token: str) -> Principal:
        """Whom this token names, whose it is by its signature and its time.

        Whether it still counts only the store knows: see `must_stand`.

        Raises:
            Unauthenticated: it does not count, whatever the store may say.
            Unavailable: the keys that it may be signed with are out of reach.
        """
        ...

    async def authenticate(self, token: str) -> Principal:
        """Whose token this is, as the store knows it at this moment.

        Raises:
            Unauthenticated: it does not count.
            Unavailable: the store, which alone knows what was revoked, is out of reach.
        """
        ...
