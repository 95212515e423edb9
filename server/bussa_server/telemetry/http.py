"""HTTP calls, tokens, log-ins and JWKS fetches."""

from bussa_server.telemetry.log import RateLimitedLog, log
from bussa_server.telemetry.registry import counter, gauge, histogram

_CALLS = counter("http_calls", "HTTP calls answered, by route and status.", "method", "route", "status")
_CALL_SECONDS = histogram("http_seconds", "Duration of an HTTP call.", "route")
_TOKENS = counter("tokens_refused", "Invalid tokens, by reason.", "reason")
_LOG_INS = counter("log_ins", "Log-ins by outcome.", "outcome")
_HASHING_REJECTED = counter(
    "password_hashing_rejected", "Log-ins and sign-ups rejected because the hashing queue was full."
)
_JWKS = counter("jwks_fetches", "JWKS fetches, by outcome.", "outcome")
_JWKS_KEYS = gauge("jwks_keys", "Usable keys of the last JWKS fetched.", multiprocess_mode="livemax")

_SUCCEEDED, _REFUSED, _LIMITED = (_LOG_INS.labels(outcome) for outcome in ("succeeded", "refused", "limited"))

_limited_line = RateLimitedLog()
_hashing_queue_line = RateLimitedLog()


def call_answered(method: str, route: str, status: int, seconds: float) -> None:
    """An HTTP call was answered. ``route``: the pattern, not the path, which would make the series unbounded."""
    _CALLS.labels(method, route, str(status)).inc()
    _CALL_SECONDS.labels(route).observe(seconds)


def token_refused(reason: str) -> None:
    """A token is invalid. ``reason``: from a fixed set of words."""
    _TOKENS.labels(reason).inc()


def log_in_succeeded() -> None:
    _SUCCEEDED.inc()


def log_in_refused() -> None:
    """Wrong password or unknown user: the counter does not tell which, as the answer does not."""
    _REFUSED.inc()


def log_in_limited(by: str) -> None:
    """A log-in was rejected by a rate limit, without checking the password. ``by``: `address` or `user`."""
    _LIMITED.inc()
    if (skipped := _limited_line.due()) is not None:
        log.info("log-in rate limited", by=by, skipped=skipped)


def password_hashing_queue_full() -> None:
    """A log-in or sign-up was rejected because the hashing queue is full."""
    _HASHING_REJECTED.inc()
    if (skipped := _hashing_queue_line.due()) is not None:
        log.warning("password hashing queue full", skipped=skipped)


def jwks_fetched(keys: int) -> None:
    """The JWKS was fetched, with ``keys`` usable keys."""
    _JWKS.labels("fetched").inc()
    _JWKS_KEYS.set(keys)
    log.debug("JWKS fetched", keys=keys)


def jwks_failed(reason: str) -> None:
    """A JWKS fetch failed; the old keys stay. ``reason`` leaves out the URL, which may contain secrets."""
    _JWKS.labels("failed").inc()
    log.warning("JWKS fetch failed", reason=reason)


def secret_is_short(size: int) -> None:
    """The token secret has only ``size`` bytes. Logged once, at start (RFC 7518, section 3.2 requires 32)."""
    log.warning("token secret too short: use at least 32 random bytes", bytes=size)
