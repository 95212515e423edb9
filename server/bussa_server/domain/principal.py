"""The principal: in whose name a command is submitted."""

from msgspec import Struct


class Principal(Struct, frozen=True, gc=False):
    """The authenticated user, and who acts for it. Times are milliseconds since 1970 UTC."""

    user: str
    """Whose log and privacy settings apply."""
    actor: str
    """Who acts. The same as ``user`` unless somebody acts on the user's behalf."""
    issued_at: int = 0
    """A revocation at or after this time voids the token."""
    expires_at: int = 0
