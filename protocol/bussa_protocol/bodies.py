"""HTTP request and response bodies (contract, section *HTTP*)."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from bussa_protocol import limits
from bussa_protocol.ids import Millis, Policy, UserId

Password = Annotated[str, Meta(min_length=1, max_length=1024)]
Name = Annotated[str, Meta(min_length=1, max_length=limits.NAME)]
TTL_MAX = 366 * 24 * 3600
Ttl = Annotated[int, Meta(ge=1, le=TTL_MAX, description="Seconds.")]


class Body(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A JSON object. Unknown fields are ignored, so that fields may be added."""


class SignUp(Body, frozen=True):
    user: UserId
    password: Password
    name: Name | None = None


class LogIn(Body, frozen=True):
    user: UserId
    password: Password


class TokenGrant(Body, frozen=True):
    """A token and its expiry."""

    user: UserId
    token: str
    expires_at: Millis


class TokenRequest(Body, frozen=True):
    ttl: Ttl | None = None


class UserChange(Body, frozen=True):
    """Changes to a user by the host application. An omitted field is left unchanged."""

    name: Name | UnsetType = UNSET
    dm_policy: Policy | UnsetType = UNSET
    knocks: bool | UnsetType = UNSET
    read_receipts: bool | UnsetType = UNSET


class UserView(Body, frozen=True):
    user: UserId
    name: str
    dm_policy: Policy
    knocks: bool
    read_receipts: bool


class UserPage(Body, frozen=True):
    """User ids, and the cursor of the next page (null on the last one)."""

    users: list[UserId]
    next: str | None


class Problem(Body, frozen=True):
    """An error (RFC 9457). ``code`` is stable, ``title`` and ``detail`` are for people, ``retry_after`` is seconds."""

    title: str
    status: int
    code: str
    type: str = "about:blank"
    detail: str | None = None
    retry_after: float | None = None
