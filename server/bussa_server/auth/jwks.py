"""The public keys that a host application publishes (a JWK set, RFC 7517).

The set is fetched at start, every ten minutes, and when a token names an unknown key, so that a new key works at once.
While the set can't be fetched, the old keys stay.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import jwt
import msgspec

from bussa_server import telemetry
from bussa_server.auth.jwt import PublishedKey
from bussa_server.ports.store import Unavailable

REFRESH_SECONDS = 600.0
"""Interval between two fetches."""

RETRY_SECONDS = 30.0
"""Minimum interval before a fetch for an unknown key (anyone can name one), or after a failure."""

FETCH_SECONDS = 10.0
MAX_BYTES = 1024 * 1024
MAX_KEYS = 100
"""Keys of a set that are considered: far more than a key rotation needs."""

RSA_BITS = 2048
"""Minimum size of an RSA key (RFC 7518, section 3.3)."""

_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_ALGORITHMS: dict[tuple[str, str | None], frozenset[str]] = {
    ("RSA", None): _RSA,
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
}


class _JwkSet(msgspec.Struct):
    keys: list[msgspec.Raw]


class _Jwk(msgspec.Struct):
    """The members of a JWK that decide whether it is usable."""

    kty: str
    crv: str | None = None
    kid: str | None = None
    alg: str | None = None
    use: str = "sig"
    key_ops: tuple[str, ...] = ("verify",)
    d: str | None = None
    """The private part. A private key published by mistake is compromised, so it is ignored."""

    @property
    def algorithms(self) -> frozenset[str]:
        """The algorithms it may verify; none if it is not a public key for verifying."""
        if self.use != "sig" or "verify" not in self.key_ops or self.d is not None:
            return frozenset()
        fit = _ALGORITHMS.get((self.kty, None if self.kty == "RSA" else self.crv), frozenset[str]())
        return fit if self.alg is None else fit & {self.alg}


class JwksError(Exception):
    """The keys could not be fetched. The message leaves out the URL, which may contain secrets."""


class PublishedKeys:
    """The fetched keys, and the task that refreshes them."""

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.keys: Sequence[PublishedKey] = ()
        self._url = url
        self._client = httpx.AsyncClient(transport=transport, timeout=FETCH_SECONDS, follow_redirects=False)
        self._now = now
        self._sleep = sleep
        self._not_before = 0.0
        self._failed = False
        self._fetch_task: asyncio.Task[None] | None = None
        self._refresh_task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start fetching the keys periodically."""
        self._refresh_task = asyncio.get_running_loop().create_task(self._refresh_loop())

    async def close(self) -> None:
        tasks = [task for task in (self._refresh_task, self._fetch_task) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()

    async def refresh(self) -> bool:
        """Fetch the keys now, because one is missing. False: they were just fetched, so the key does not exist.

        Raises Unavailable if they can't be fetched: then it is unknown whether the key exists.
        """
        fetched = self._fetch_task is not None or self._now() >= self._not_before
        if fetched:
            await self._fetch()
        if self._failed:
            raise Unavailable("the published keys can't be fetched")
        return fetched

    async def _refresh_loop(self) -> None:
        while True:
            await self._fetch()
            await self._sleep(RETRY_SECONDS if self._failed else REFRESH_SECONDS)

    async def _fetch(self) -> None:
        """Fetch the keys; concurrent callers share one fetch."""
        if self._fetch_task is None:
            self._fetch_task = asyncio.get_running_loop().create_task(self._fetch_keys())
            self._fetch_task.add_done_callback(self._on_fetched)
        # Cancelling one waiter must not cancel the fetch of the others.
        await asyncio.shield(self._fetch_task)

    def _on_fetched(self, _: asyncio.Task[None]) -> None:
        self._fetch_task = None
        self._not_before = self._now() + RETRY_SECONDS

    async def _fetch_keys(self) -> None:
        self._failed = True
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                self.keys = read_keys(await self._download())
        except JwksError as error:
            telemetry.jwks_failed(str(error))
        except TimeoutError:
            telemetry.jwks_failed("timeout")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            telemetry.jwks_failed(type(error).__name__)
        except Exception as error:  # noqa: BLE001 - a defect must not end the refresh loop
            telemetry.defect("jwks", error)
        else:
            self._failed = False
            telemetry.jwks_fetched(len(self.keys))

    async def _download(self) -> bytes:
        data = bytearray()
        async with self._client.stream("GET", self._url, headers={"Accept": "application/json"}) as response:
            if response.status_code != 200:
                raise JwksError(f"status {response.status_code}")
            async for chunk in response.aiter_bytes():
                data += chunk
                if len(data) > MAX_BYTES:
                    raise JwksError("too large")
        return bytes(data)


def read_keys(document: bytes) -> list[PublishedKey]:
    """The usable keys of a JWK set; others are ignored (RFC 7517, section 5).

    An empty set is valid: the host application has withdrawn all keys. Raises JwksError.
    """
    try:
        found = msgspec.json.decode(document, type=_JwkSet).keys
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise JwksError("not a JWK set") from None
    return [key for member in found[:MAX_KEYS] if (key := _read(member)) is not None]


def _read(raw: msgspec.Raw) -> PublishedKey | None:
    try:
        member = msgspec.json.decode(raw, type=_Jwk)
        if not member.algorithms:
            return None
        key: Any = jwt.PyJWK(msgspec.json.decode(raw, type=dict[str, Any]), min(member.algorithms)).key
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, jwt.PyJWTError, ValueError, TypeError):
        return None
    if member.kty == "RSA" and key.key_size < RSA_BITS:
        return None
    return PublishedKey(member.kid, member.algorithms, key)
