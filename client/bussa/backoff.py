"""How long to wait before coming back: pure, chance is an argument.

Full jitter: a wait is anything between nothing and a ceiling, and the ceiling doubles with each try.
So a thousand clients that lost one server do not return as one wave.
"""

from dataclasses import dataclass

from bussa_protocol.codes import ReconnectAdvice


@dataclass(frozen=True, slots=True)
class Backoff:
    """The ceilings, in seconds. The defaults are right for people and programs alike; tests shrink them."""

    base: float = 1.0
    """The first ceiling after a broken connection, or one that was far over the limits (4429)."""
    restart_base: float = 3.0
    """The first ceiling after a farewell that asks to come back within a few seconds (1012)."""
    cap: float = 60.0
    """No ceiling is higher."""
    reset_after: float = 10.0
    """A connection that lived this long was a good one: the count of tries begins anew."""

    def delay(self, advice: ReconnectAdvice, attempt: int, jitter: float) -> float:
        """Seconds to wait before try number ``attempt`` (from 0), with ``chance`` in [0, 1).

        A new token is fetched at once the first time; if that one is refused too, waits grow as ever.
        ``Return.NEVER`` is not asked for here: there is no next try.
        """
        if advice is ReconnectAdvice.NEW_TOKEN and attempt == 0:
            return 0.0
        first = self.restart_base if advice is ReconnectAdvice.SOON else self.base
        # 2**30 is far past any cap; a bound on the exponent keeps the float finite for ever.
        return jitter * min(self.cap, first * 2.0 ** min(attempt, 30))

    def retry_delay(self, retry_after: float | None, attempt: int, jitter: float) -> float:
        """Seconds before a refused request is repeated: what the server said and a little chance, or growing waits."""
        if retry_after is not None:
            return max(0.0, retry_after) * (1.0 + jitter / 4)
        return self.delay(ReconnectAdvice.BACKOFF, attempt, jitter)
