"""The dependencies of the HTTP handlers. Created once, by the app."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from bussa_server.auth.passwords import Passwords
from bussa_server.auth.tokens import TokenService
from bussa_server.node.commit_queue import CommitQueue
from bussa_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a load balancer should send traffic here. ``degraded`` names the parts that are unavailable."""

    status: Literal["ready", "degraded", "unavailable", "draining"]
    degraded: tuple[str, ...] = ()


class HttpSettings(Protocol):
    """The settings used here (`bussa_server.settings.Settings` documents them)."""

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
