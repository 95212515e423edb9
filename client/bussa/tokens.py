"""The token of a connection: a fixed one, or whatever an async callable gives."""

from collections.abc import Awaitable, Callable

import httpx

from bussa.connect import ConnectionLostError
from bussa.errors import RateLimitedError, UnavailableError, UnreachableError

TokenSource = str | Callable[[], Awaitable[str]]
REFUSALS_MAX = 3
"""Fresh tokens that may be refused one after the other. Then something else is wrong, and no further one helps."""
_TRANSIENT = (OSError, TimeoutError, httpx.TransportError, UnreachableError, UnavailableError, RateLimitedError)


class TokenCache:
    """Keeps a token until it is refused."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._token: str | None = source if isinstance(source, str) else None
        self._refusals = 0

    async def get(self) -> str:
        """The token to say hello with.

        Raises:
            ConnectionLostError: none could be fetched now; it is worth another try.
        """
        if self._token is None:
            assert not isinstance(self._source, str)
            try:
                self._token = await self._source()
            except _TRANSIENT as error:
                retry_after = getattr(error, "retry_after", None) or 0.0
                raise ConnectionLostError(f"no token to be had: {error}", retry_after=retry_after) from error
        return self._token

    def replace(self, token: str) -> None:
        """Go on with ``token``: the connection has been given it."""
        self._token = token

    def accepted(self) -> None:
        self._refusals = 0

    def refused(self) -> bool:
        """Forget a refused token; False if there is no other to be had."""
        self._refusals += 1
        if isinstance(self._source, str) or self._refusals >= REFUSALS_MAX:
            return False
        self._token = None
        return True
