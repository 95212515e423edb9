"""Published keys: fetching, rotation, unknown keys, and an unavailable host."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
from jwt.algorithms import HMACAlgorithm

from bussa_server.auth import jwks
from bussa_server.auth.jwks import REFRESH_SECONDS, RETRY_SECONDS, PublishedKeys
from bussa_server.auth.principal import Unauthenticated
from bussa_server.auth.tokens import TokenService
from bussa_server.ports.store import Unavailable
from tests.http.harness import SECRET, Harness
from tests.http.keys import CURVE, RSA, document, published

URL = "https://user:hush@host.test/keys?secret=hush"


class FakeHost:
    """A host application that publishes keys, or fails."""

    def __init__(self) -> None:
        self.document = document(published(CURVE, "one"))
        self.status = 200
        self.failure: Exception | None = None
        self.requests = 0
        self.requested = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        self.requested.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return httpx.Response(self.status, content=self.document)


class FakeSleep:
    """A clock that the test sets, and a sleep that the test ends."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: asyncio.Queue[float] = asyncio.Queue()
        self.wake = asyncio.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        self.slept.put_nowait(seconds)
        await self.wake.acquire()


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def timer() -> FakeSleep:
    return FakeSleep()


@pytest.fixture
async def keys(host: FakeHost, timer: FakeSleep) -> AsyncIterator[PublishedKeys]:
    made = PublishedKeys(URL, transport=httpx.MockTransport(host), now=lambda: timer.now, sleep=timer.sleep)
    yield made
    await made.close()


@pytest.fixture
async def token_service(harness: Harness, keys: PublishedKeys) -> TokenService:
    await harness.sign_up("alice")
    return TokenService(harness.store, SECRET, seconds=60, published=keys, now=harness.clock)


def signed(harness: Harness, key: Any = CURVE, algorithm: str = "ES256", kid: str = "one") -> str:
    now = harness.clock() // 1000
    return jwt.encode(
        {"sub": "alice", "iat": now, "exp": now + 60}, key, algorithm, headers={"kid": kid} if kid else None
    )


# When a token is verified.


async def test_keys_are_fetched_when_first_needed(
    harness: Harness, token_service: TokenService, host: FakeHost
) -> None:
    for _ in range(5):
        assert (await token_service.authenticate(signed(harness))).user == "alice"
    assert host.requests == 1


async def test_shared_secret_tokens_need_no_published_key(token_service: TokenService, host: FakeHost) -> None:
    assert (await token_service.authenticate(token_service.grant("alice", 0).token)).user == "alice"
    assert host.requests == 0


async def test_rotated_key_works_immediately_and_the_old_one_stops(
    harness: Harness, token_service: TokenService, host: FakeHost, timer: FakeSleep
) -> None:
    await token_service.authenticate(signed(harness))
    host.document = document(published(RSA, "two"))
    timer.now += RETRY_SECONDS
    assert (await token_service.authenticate(signed(harness, RSA, "RS256", "two"))).user == "alice"
    assert host.requests == 2
    with pytest.raises(Unauthenticated):
        await token_service.authenticate(signed(harness))


async def test_unknown_key_ids_are_fetched_rarely(
    harness: Harness, token_service: TokenService, host: FakeHost, timer: FakeSleep
) -> None:
    async def try_unknown_keys() -> None:
        for n in range(20):
            with pytest.raises(Unauthenticated):
                await token_service.authenticate(signed(harness, kid=f"made up {n}"))

    await try_unknown_keys()
    assert host.requests == 1
    timer.now += RETRY_SECONDS - 0.1
    await try_unknown_keys()
    assert host.requests == 1
    timer.now += 0.1
    await try_unknown_keys()
    assert host.requests == 2


async def test_concurrent_requests_share_one_fetch(
    harness: Harness, token_service: TokenService, host: FakeHost
) -> None:
    host.gate.clear()
    tasks = [asyncio.create_task(token_service.authenticate(signed(harness))) for _ in range(10)]
    await host.requested.wait()
    tasks[0].cancel()  # must not cancel the fetch of the others
    host.gate.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert [outcome.user for outcome in outcomes[1:]] == ["alice"] * 9
    assert host.requests == 1


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), None])
async def test_old_keys_stay_while_the_host_is_unavailable(
    harness: Harness, token_service: TokenService, host: FakeHost, timer: FakeSleep, failure: Exception | None
) -> None:
    await token_service.authenticate(signed(harness))
    host.failure, host.status = failure, 503
    timer.now += RETRY_SECONDS
    # It is unknown whether that key exists, so the token is not refused.
    for _ in range(3):
        with pytest.raises(Unavailable):
            await token_service.authenticate(signed(harness, RSA, "RS256", "two"))
    assert host.requests == 2
    assert (await token_service.authenticate(signed(harness))).user == "alice"


async def test_public_key_is_not_accepted_as_hmac_secret(
    harness: Harness, token_service: TokenService, host: FakeHost
) -> None:
    """Anyone can read a public key and use it as an HMAC secret (RFC 8725, section 2.1)."""
    await token_service.authenticate(signed(harness))
    now = harness.clock() // 1000
    for secret in (host.document, json.dumps(published(CURVE, "one")).encode()):
        mac = jwt.PyJWS(algorithms=["HS256"])
        mac.unregister_algorithm("HS256")
        mac.register_algorithm("HS256", _AnyKey(HMACAlgorithm.SHA256))
        claims = json.dumps({"sub": "alice", "iat": now, "exp": now + 60}).encode()
        with pytest.raises(Unauthenticated):
            await token_service.authenticate(mac.encode(claims, secret, "HS256", headers={"kid": "one"}))


class _AnyKey(HMACAlgorithm):
    def prepare_key(self, key: Any) -> bytes:
        return key


# Periodic fetches.


async def test_keys_are_fetched_at_start_and_every_ten_minutes(
    keys: PublishedKeys, host: FakeHost, timer: FakeSleep
) -> None:
    keys.start()
    assert await timer.slept.get() == REFRESH_SECONDS
    assert [key.kid for key in keys.keys] == ["one"]
    host.document = document(published(RSA, "two"))
    timer.wake.release()
    await timer.slept.get()
    assert [key.kid for key in keys.keys] == ["two"]
    assert host.requests == 2


async def test_failed_fetch_is_retried_soon(keys: PublishedKeys, host: FakeHost, timer: FakeSleep) -> None:
    host.failure = httpx.ConnectError("refused")
    keys.start()
    assert await timer.slept.get() == RETRY_SECONDS
    host.failure = None
    timer.wake.release()
    assert await timer.slept.get() == REFRESH_SECONDS
    assert len(keys.keys) == 1


async def test_exception_does_not_end_the_refresh_loop(
    keys: PublishedKeys, timer: FakeSleep, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(jwks, "read_keys", lambda _: 1 / 0)
        keys.start()
        assert await timer.slept.get() == RETRY_SECONDS
    timer.wake.release()
    assert await timer.slept.get() == REFRESH_SECONDS
    assert len(keys.keys) == 1


async def test_close_cancels_a_running_fetch(host: FakeHost) -> None:
    host.gate.clear()
    keys = PublishedKeys(URL, transport=httpx.MockTransport(host))
    before = asyncio.all_tasks()
    keys.start()
    await host.requested.wait()
    await keys.close()
    assert asyncio.all_tasks() == before


async def test_fetch_times_out(keys: PublishedKeys, host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "FETCH_SECONDS", 0.0)
    host.gate.clear()
    with pytest.raises(Unavailable):
        await keys.refresh()


async def test_oversized_set_is_not_read_to_its_end(host: FakeHost) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65536
            yield b" " * 65536

    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=endless()))
    keys = PublishedKeys(URL, transport=transport)
    with pytest.raises(Unavailable):
        await keys.refresh()
    assert sent <= jwks.MAX_BYTES + 2 * 65536
    await keys.close()


@pytest.mark.parametrize("failure", [httpx.ConnectError(f"can't reach {URL}"), None])
async def test_jwks_url_is_never_logged(
    keys: PublishedKeys, host: FakeHost, failure: Exception | None, capsys: pytest.CaptureFixture[str]
) -> None:
    host.failure, host.status = failure, 401
    with pytest.raises(Unavailable):
        await keys.refresh()
    written = capsys.readouterr()
    assert "fetch failed" in written.out + written.err
    assert "hush" not in written.out + written.err
