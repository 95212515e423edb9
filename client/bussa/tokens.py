"""The token of the connections: a fixed one, or one from an async function."""

from collections.abc import Awaitable, Callable

import httpx

from bussa.connect import ConnectionLostError
from bussa.errors import RateLimitedError, UnavailableError, UnreachableError

TokenSource = str | Callable[[], Awaitable[str]]
REFUSALS_MAX = 3
"""Consecutive refusals of fresh tokens before giving up."""
_TRANSIENT = (OSError, TimeoutError, httpx.TransportError, UnreachableError, UnavailableError, RateLimitedError)


class TokenCache:
    """Caches a token until it is refused."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._token: str | None = source if isinstance(source, str) else None
        self._refusals = 0

    async def get(self) -> str:
        """The token for the next hello.

        Raises:
            ConnectionLostError: fetching one failed, but may succeed later.
        """
        if self._token is None:
            assert not isinstance(self._source, str)
            try:
                self._token = await self._source()
            except _TRANSIENT as error:
                retry_after = getattr(error, "retry_after", None) or 0.0
                raise ConnectionLostError(f"cannot fetch a token: {error}", retry_after=retry_after) from error
        return self._token

    def replace(self, token: str) -> None:
        """The connection was refreshed with ``token``."""
        self._token = token

    def accepted(self) -> None:
        self._refusals = 0

    def refused(self) -> bool:
        """Discard a refused token. False if no other can be fetched."""
        self._refusals += 1
        if isinstance(self._source, str) or self._refusals >= REFUSALS_MAX:
            return False
        self._token = None
        return True
