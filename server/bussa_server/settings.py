"""The operator's settings: read once, validated, frozen.

Each is an option of ``bussa serve`` and an environment variable ``BUSSA_…``. Numbers that nobody can choose well are
no settings, but constants where they are used.
"""

from dataclasses import dataclass, field
from pathlib import Path

from bussa_protocol.bodies import TTL_MAX
from bussa_server.lib.rate_limit import Rate

SEND_BURST = 200.0
"""Messages that one user may send in a burst (contract, *Start*)."""

FRAME_BURST = 100.0
"""Minimum burst of other frames of one connection: a device reads its conversations right after the handshake."""


class BadSettingError(ValueError):
    """An invalid setting. The message names it, and what would be valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    host: str = "127.0.0.1"
    port: int = 8080
    data: Path = Path("bussa-data")
    """The folder of the embedded database and the generated secret."""
    database_url: str | None = None
    redis_url: str | None = None
    workers: int = 1

    admin_key: str | None = None
    """The bearer token of the admin calls; without it they are 404."""
    secret: str | None = None
    """Signs and verifies tokens (HS256). If not given, it is generated once and kept in the data folder."""
    jwks_url: str | None = None
    """URL of the public keys (JWKS) of a host application that signs tokens itself."""
    token_audience: str | None = None
    token_issuer: str | None = None
    """If set, required in every token, and contained in those signed here."""
    token_seconds: int = 30 * 24 * 3600
    """Default lifetime of a token: after a log-in, or from an admin call without a `ttl`."""

    sign_up: bool = True
    """Whether anyone may create an account."""
    password_length: int = 1
    """Minimum length of a new password. The contract has no minimum; require more on a public server."""

    allowed_origins: tuple[str, ...] = ()
    """Origins of pages that may open a WebSocket, besides the server's own; ``*``: any."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose ``X-Forwarded-For`` is trusted."""

    send_rate: float = 20.0
    """Messages per second and user, in bursts of `SEND_BURST`; 0: no limit."""
    frame_rate: float = 200.0
    """Frames other than messages per second and connection, in bursts of ten times that; 0: no limit."""
    connections_per_user: int = 100
    connections_per_address: int = 20_000
    login_rate: float = 1.0
    """Failed log-ins per second and address, in bursts of 20; a tenth of it per user; 0: no limit."""

    drain_seconds: float = 5.0
    """Seconds over which a restart spreads the closes of its connections."""
    log_format: str = "text"
    """``text`` or ``json``."""
    log_level: str = "info"

    send_limit: Rate = field(init=False)
    frame_limit: Rate = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "send_limit", Rate(self.send_rate, max(SEND_BURST, self.send_rate)))
        object.__setattr__(self, "frame_limit", Rate(self.frame_rate, max(FRAME_BURST, self.frame_rate * 10)))
        self._check()

    def _check(self) -> None:
        def require(valid: bool, message: str) -> None:
            if not valid:
                raise BadSettingError(message)

        require(0 <= self.port <= 65535, f"--port {self.port}: must be 0 to 65535")
        require(self.workers >= 1, f"--workers {self.workers}: must be at least 1")
        require(self.send_rate >= 0, f"--send-rate {self.send_rate}: must be 0 (no limit) or more")
        require(self.frame_rate >= 0, f"--frame-rate {self.frame_rate}: must be 0 (no limit) or more")
        require(self.login_rate >= 0, f"--login-rate {self.login_rate}: must be 0 (no limit) or more")
        require(
            1 <= self.token_seconds <= TTL_MAX,
            f"--token-seconds {self.token_seconds}: must be 1 to {TTL_MAX}, which is a year",
        )
        require(
            self.jwks_url is None or self.jwks_url.lower().startswith(("https://", "http://")),
            f"--jwks-url {self.jwks_url}: must begin with https:// or http://",
        )
        require(self.password_length >= 1, f"--password-length {self.password_length}: must be at least 1")
        require(self.connections_per_user >= 1, "--connections-per-user: must be at least 1")
        require(self.connections_per_address >= 1, "--connections-per-address: must be at least 1")
        require(0 <= self.drain_seconds <= 600, f"--drain-seconds {self.drain_seconds}: must be 0 to 600")
        require(self.admin_key is None or len(self.admin_key) > 0, "--admin-key: must not be empty")
        require(self.secret is None or len(self.secret) > 0, "--secret: must not be empty")
        require(self.log_format in ("text", "json"), f"--log-format {self.log_format}: must be text or json")
        require(
            self.log_level in ("debug", "info", "warning", "error"),
            f"--log-level {self.log_level}: must be debug, info, warning or error",
        )
