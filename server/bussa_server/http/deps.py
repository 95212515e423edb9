"""What the calls are given. Made once, by the app."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from bussa_server.http.passwords import Passwords
from bussa_server.http.tokens import TokenService
from bussa_server.ports.store import Store
from bussa_server.session.commit_queue import CommitQueue


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether to send people here. ``degraded`` names what is out of reach and can be done without."""

    status: Literal["ready", "degraded", "unavailable", "draining"]
    degraded: tuple[str, ...] = ()


class HttpSettings(Protocol):
    """What of the settings matters here (`bussa_server.settings.Settings` says what each means)."""

    @property
    def admin_key(self) -> str | None: ...
    @property
    def sign_up(self) -> bool: ...
    @property
    def password_length(self) -> int: ...
    @property
    def login_rate(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    store: Store
    commit_queue: CommitQueue
    tokens: TokenService
    passwords: Passwords
    settings: HttpSettings
    readiness: Callable[[], Awaitable[Readiness]]
