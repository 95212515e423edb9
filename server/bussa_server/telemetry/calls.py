"""HTTP calls, tokens and log-ins."""

from bussa_server.telemetry.log import Seldom, log
from bussa_server.telemetry.registry import counter, gauge, histogram

_CALLS = counter("http_calls", "HTTP calls answered, by route and status.", "method", "route", "status")
_CALL_SECONDS = histogram("http_seconds", "How long an HTTP call took.", "route")
_TOKENS = counter("tokens_refused", "Tokens that did not count, by reason.", "why")
_LOG_INS = counter("log_ins", "Log-ins by outcome.", "outcome")
_PASSWORDS = counter("passwords_overflows", "Log-ins and sign-ups refused because too many were being hashed.")
_JWKS = counter("jwks_fetches", "Fetches of the published keys, by outcome.", "outcome")
_JWKS_KEYS = gauge("jwks_keys", "Published keys at hand.", of_all="livemax")

_SUCCEEDED, _REFUSED, _LIMITED = (_LOG_INS.labels(outcome) for outcome in ("succeeded", "refused", "limited"))

_limited_line = Seldom()
_overflow_line = Seldom()


def call_answered(method: str, route: str, status: int, seconds: float) -> None:
    """An HTTP call was answered. ``route``: the pattern and not the path, of which there are endlessly many."""
    _CALLS.labels(method, route, str(status)).inc()
    _CALL_SECONDS.labels(route).observe(seconds)


def token_refused(why: str) -> None:
    """A token did not count. ``why``: one of a few words of our own."""
    _TOKENS.labels(why).inc()


def log_in_succeeded() -> None:
    _SUCCEEDED.inc()


def log_in_refused() -> None:
    """A wrong password, or an unknown user: nobody can tell which, nor does the counter."""
    _REFUSED.inc()


def log_in_limited(by: str) -> None:
    """A log-in was turned away unlooked at. ``by``: `address` or `user`."""
    _LIMITED.inc()
    if (skipped := _limited_line.due()) is not None:
        log.info("log-ins limited", by=by, skipped=skipped)


def passwords_overflow() -> None:
    """More passwords wait to be hashed than may."""
    _PASSWORDS.inc()
    if (skipped := _overflow_line.due()) is not None:
        log.warning("too many passwords to hash", skipped=skipped)


def jwks_fetched(keys: int) -> None:
    """The published keys were read; so many of them can be used."""
    _JWKS.labels("fetched").inc()
    _JWKS_KEYS.set(keys)
    log.debug("published keys fetched", keys=keys)


def jwks_failed(why: str) -> None:
    """The published keys could not be read; the old ones stay. ``why``: without the address, which may hold secrets."""
    _JWKS.labels("failed").inc()
    log.warning("published keys not fetched", why=why)


def secret_is_short(size: int) -> None:
    """The secret has only so many bytes. Said once, at start (RFC 7518, section 3.2 asks for 32)."""
    log.warning("the secret that signs tokens is short: it can be guessed; take 32 random bytes or more", bytes=size)
