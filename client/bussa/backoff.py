"""Exponential backoff with full jitter. Pure: randomness is an argument.

A delay is uniform between zero and a ceiling that doubles with each attempt, so that the clients of a lost server do
not reconnect all at once.
"""

from dataclasses import dataclass

from bussa_protocol.codes import ReconnectAdvice


@dataclass(frozen=True, slots=True)
class Backoff:
    """The ceilings, in seconds. The defaults suit interactive clients and programs; tests shrink them."""

    base: float = 1.0
    """First ceiling after a lost connection or a rate-limit close (4429)."""
    restart_base: float = 3.0
    """First ceiling after a close that asks for a prompt reconnect (1012)."""
    cap: float = 60.0
    """Highest ceiling."""
    reset_after: float = 10.0
    """A connection that lasted this long resets the attempt count."""

    def delay(self, advice: ReconnectAdvice, attempt: int, jitter: float) -> float:
        """Seconds to wait before attempt number ``attempt`` (from 0), with ``jitter`` in [0, 1).

        The first new token is fetched at once; if it is refused too, the usual backoff applies.
        ``ReconnectAdvice.NEVER`` has no delay and is not passed here.
        """
        if advice is ReconnectAdvice.NEW_TOKEN and attempt == 0:
            return 0.0
        first = self.restart_base if advice is ReconnectAdvice.SOON else self.base
        # 2**30 is far beyond any cap; bounding the exponent keeps the float finite.
        return jitter * min(self.cap, first * 2.0 ** min(attempt, 30))

    def retry_delay(self, retry_after: float | None, attempt: int, jitter: float) -> float:
        """Seconds before a refused request is retried: ``retry_after`` plus up to a quarter, or the backoff."""
        if retry_after is not None:
            return max(0.0, retry_after) * (1.0 + jitter / 4)
        return self.delay(ReconnectAdvice.BACKOFF, attempt, jitter)
