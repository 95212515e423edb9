"""HTTP calls, tokens and log-ins."""

from bussa_server.telemetry.log import RateLimitedLog, log
from bussa_server.telemetry.registry import counter, gauge, histogram

_CALLS = counter("http_calls", "HTTP calls answered, by route and status.", "method", "route", "status")
_CALL_SECONDS = histogram("http_seconds", "How long an HTTP call took.", "route")
_TOKENS = counter("tokens_refused", "Tokens that did not count, by reason.", "reason")
_LOG_INS = counter("log_ins", "Log-ins by outcome.", "outcome")
_HASHING_REJECTED = counter(
    "password_hashing_rejected", "Log-ins and sign-ups refused because too many were being hashed."
)
_JWKS = counter("jwks_fetches", "Fetches of the published keys, by outcome.", "outcome")
_JWKS_KEYS = gauge("jwks_keys", "Published keys at hand.", multiprocess_mode="livemax")

_SUCCEEDED, _REFUSED, _LIMITED = (_LOG_INS.labels(outcome) for outcome in ("succeeded", "refused", "limited"))

_limited_line = RateLimitedLog()
_hashing_queue_line = RateLimitedLog()


def call_answered(method: str, route: str, status: int, seconds: float) -> None:
    """An HTTP call was answered. ``route``: the pattern and not the path, of which there are endlessly many."""
    _CALLS.labels(method, route, str(status)).inc()
    _CALL_SECONDS.labels(route).observe(seconds)


def token_refused(reason: str) -> None:
    """A token did not count. ``reason``: one of a few words of our own."""
    _TOKENS.labels(reason).inc()


def log_in_succeeded() -> None:
    _SUCCEEDED.inc()


def log_in_refused() -> None:
    """A wrong password, or an unknown user: nobody can tell which, nor does the counter."""
    _REFUSED.inc()


def log_in_limited(by: str) -> None:
    """A log-in was turned away unlooked at. ``by``: `address` or `user`."""
    _LIMITED.inc()
    if (skipped := _limited_line.due()) is not None:
        log.info("log-in rate limited", by=by, skipped=skipped)


def password_hashing_queue_full() -> None:
    """More passwords wait to be hashed than may."""
    _HASHING_REJECTED.inc()
    if (skipped := _hashing_queue_line.due()) is not None:
        log.warning("password hashing queue full", skipped=skipped)


def jwks_fetched(keys: int) -> None:
    """The published keys were read; so many of them can be used."""
    _JWKS.labels("fetched").inc()
    _JWKS_KEYS.set(keys)
    log.debug("JWKS fetched", keys=keys)


def jwks_failed(reason: str) -> None:
    """Fetching the JWKS failed; the old keys stay. ``reason`` leaves out the URL, which may hold secrets."""
    _JWKS.labels("failed").inc()
    log.warning("JWKS fetch failed", reason=reason)


def secret_is_short(size: int) -> None:
    """The secret has only so many bytes. Said once, at start (RFC 7518, section 3.2 asks for 32)."""
    log.warning("the secret that signs tokens is short: it can be guessed; take 32 random bytes or more", bytes=size)
