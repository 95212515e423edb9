"""What an operator may set: read once, checked, frozen.

Each is an option of ``bussa serve`` and an environment variable ``BUSSA_…``. What would only be set
wrong is no setting: those numbers are constants where they are used.
"""

from dataclasses import dataclass, field
from pathlib import Path

from bussa_protocol.bodies import TTL_MAX
from bussa_server.domain.rate_limit import Rate

SEND_BURST = 200.0
"""Messages that one user may send at once (contract, *Start*)."""

FRAME_BURST = 100.0
"""Other frames that one connection may send at once at the least: a device that greets reads its conversations."""


class BadSettingError(ValueError):
    """A setting that can't be; says which, why, and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    host: str = "127.0.0.1"
    port: int = 8080
    data: Path = Path("bussa-data")
    """The folder of the embedded store and of the generated secret."""
    database_url: str | None = None
    redis_url: str | None = None
    workers: int = 1

    admin_key: str | None = None
    """Opens the admin calls; without it they are 404."""
    secret: str | None = None
    """Signs and verifies tokens (HS256); made once and kept in the data folder if not given."""
    jwks_url: str | None = None
    """Where a host application publishes the public keys of the tokens that it signs itself."""
    token_audience: str | None = None
    token_issuer: str | None = None
    """If set, every token must carry them; those signed here do."""
    token_seconds: int = 30 * 24 * 3600
    """How long a token is good for that was got by password, or by an admin who named no `ttl`."""

    sign_up: bool = True
    """Whether anybody may create an account."""
    password_length: int = 1
    """Characters of a new password at the least. The wire contract names no minimum; ask for more in public."""

    allowed_origins: tuple[str, ...] = ()
    """Origins of pages, besides the server's own, that may open a WebSocket; ``*`` is any."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose ``X-Forwarded-For`` is believed."""

    send_rate: float = 20.0
    """Messages a second of one user, in bursts of `SEND_BURST`; 0 lifts it."""
    frame_rate: float = 200.0
    """Frames a second of one connection that are not messages, in bursts of ten times as many; 0 lifts it."""
    connections_per_user: int = 100
    connections_per_address: int = 20_000
    login_rate: float = 1.0
    """Failed log-ins a second of one address (bursts of 20) and, a tenth of it, of one user; 0 lifts it."""

    drain_seconds: float = 5.0
    """Over how long the closes of a restart are spread."""
    log_format: str = "text"
    """``text`` for people, ``json`` for machines."""
    log_level: str = "info"

    send_limit: Rate = field(init=False)
    frame_limit: Rate = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "send_limit", Rate(self.send_rate, max(SEND_BURST, self.send_rate)))
        object.__setattr__(self, "frame_limit", Rate(self.frame_rate, max(FRAME_BURST, self.frame_rate * 10)))
        self._check()

    def _check(self) -> None:
        def require(holds: bool, complaint: str) -> None:
            if not holds:
                raise BadSettingError(complaint)

        require(0 <= self.port <= 65535, f"--port {self.port}: a port is 0 to 65535")
        require(self.workers >= 1, f"--workers {self.workers}: at least 1")
        require(self.send_rate >= 0, f"--send-rate {self.send_rate}: 0 (no limit) or more")
        require(self.frame_rate >= 0, f"--frame-rate {self.frame_rate}: 0 (no limit) or more")
        require(self.login_rate >= 0, f"--login-rate {self.login_rate}: 0 (no limit) or more")
        require(1 <= self.token_seconds <= TTL_MAX, f"--token-seconds {self.token_seconds}: 1 to {TTL_MAX}, a year")
        require(
            self.jwks_url is None or self.jwks_url.lower().startswith(("https://", "http://")),
            f"--jwks-url {self.jwks_url}: a URL begins with https:// or http://",
        )
        require(self.password_length >= 1, f"--password-length {self.password_length}: at least 1")
        require(self.connections_per_user >= 1, "--connections-per-user: at least 1")
        require(self.connections_per_address >= 1, "--connections-per-address: at least 1")
        require(0 <= self.drain_seconds <= 600, f"--drain-seconds {self.drain_seconds}: 0 to 600")
        require(self.admin_key is None or len(self.admin_key) > 0, "--admin-key: must not be empty")
        require(self.secret is None or len(self.secret) > 0, "--secret: must not be empty")
        require(self.log_format in ("text", "json"), f"--log-format {self.log_format}: text or json")
        require(
            self.log_level in ("debug", "info", "warning", "error"),
            f"--log-level {self.log_level}: debug, info, warning or error",
        )
