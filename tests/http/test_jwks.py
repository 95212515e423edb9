"""The keys that a host application publishes: rotated, missing, or out of reach."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
from jwt.algorithms import HMACAlgorithm

from bussa_server.http import jwks
from bussa_server.http.jwks import AGAIN_SECONDS, FRESH_SECONDS, PublishedKeys
from bussa_server.http.tokens import TokenKeeper
from bussa_server.ports.store import Unavailable
from bussa_server.session.principal import Unauthenticated
from tests.http.keys import CURVE, RSA, document, published
from tests.http.world import SECRET, World

URL = "https://keeper:hush@host.test/keys?secret=hush"


class Host:
    """A host application that publishes keys, or fails to."""

    def __init__(self) -> None:
        self.document = document(published(CURVE, "one"))
        self.status = 200
        self.fails: Exception | None = None
        self.asked = 0
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        self.was_asked.set()
        await self.may_answer.wait()
        if self.fails is not None:
            raise self.fails
        return httpx.Response(self.status, content=self.document)


class Days:
    """A clock that is set, and a sleep that is ended by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: asyncio.Queue[float] = asyncio.Queue()
        self.wake = asyncio.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        self.slept.put_nowait(seconds)
        await self.wake.acquire()


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def days() -> Days:
    return Days()


@pytest.fixture
async def keys(host: Host, days: Days) -> AsyncIterator[PublishedKeys]:
    made = PublishedKeys(URL, transport=httpx.MockTransport(host), now=lambda: days.now, sleep=days.sleep)
    yield made
    await made.close()


@pytest.fixture
async def keeper(world: World, keys: PublishedKeys) -> TokenKeeper:
    await world.sign_up("alice")
    return TokenKeeper(world.store, SECRET, seconds=60, published=keys, now=world.clock)


def signed(world: World, key: Any = CURVE, algorithm: str = "ES256", kid: str = "one") -> str:
    now = world.clock() // 1000
    return jwt.encode(
        {"sub": "alice", "iat": now, "exp": now + 60}, key, algorithm, headers={"kid": kid} if kid else None
    )


# As tokens meet it.


async def test_a_key_is_read_when_it_is_first_needed(world: World, keeper: TokenKeeper, host: Host) -> None:
    for _ in range(5):
        assert (await keeper.who(signed(world))).user == "alice"
    assert host.asked == 1


async def test_our_own_tokens_need_no_published_key(keeper: TokenKeeper, host: Host) -> None:
    assert (await keeper.who(keeper.grant("alice", 0).token)).user == "alice"
    assert host.asked == 0


async def test_a_new_key_works_at_once_and_an_old_one_no_more(
    world: World, keeper: TokenKeeper, host: Host, days: Days
) -> None:
    await keeper.who(signed(world))
    host.document = document(published(RSA, "two"))
    days.now += AGAIN_SECONDS
    assert (await keeper.who(signed(world, RSA, "RS256", "two"))).user == "alice"
    assert host.asked == 2
    with pytest.raises(Unauthenticated):
        await keeper.who(signed(world))


async def test_who_names_keys_that_there_are_not_makes_us_ask_seldom(
    world: World, keeper: TokenKeeper, host: Host, days: Days
) -> None:
    async def name_many() -> None:
        for n in range(20):
            with pytest.raises(Unauthenticated):
                await keeper.who(signed(world, kid=f"made up {n}"))

    await name_many()
    assert host.asked == 1
    days.now += AGAIN_SECONDS - 0.1
    await name_many()
    assert host.asked == 1
    days.now += 0.1
    await name_many()
    assert host.asked == 2


async def test_many_who_need_the_same_key_wait_for_one_answer(world: World, keeper: TokenKeeper, host: Host) -> None:
    host.may_answer.clear()
    asking = [asyncio.create_task(keeper.who(signed(world))) for _ in range(10)]
    await host.was_asked.wait()
    asking[0].cancel()  # who gives up takes nothing away from the others
    host.may_answer.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert [outcome.user for outcome in outcomes[1:]] == ["alice"] * 9
    assert host.asked == 1


@pytest.mark.parametrize("fails", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), None])
async def test_while_the_keys_are_out_of_reach_the_old_ones_stay(
    world: World, keeper: TokenKeeper, host: Host, days: Days, fails: Exception | None
) -> None:
    await keeper.who(signed(world))
    host.fails, host.status = fails, 503
    days.now += AGAIN_SECONDS
    # Whether that key exists can't be known, so it is not denied.
    for _ in range(3):
        with pytest.raises(Unavailable):
            await keeper.who(signed(world, RSA, "RS256", "two"))
    assert host.asked == 2
    assert (await keeper.who(signed(world))).user == "alice"


async def test_a_public_key_is_no_secret(world: World, keeper: TokenKeeper, host: Host) -> None:
    """What is published can be read by anybody, also by one who then signs with it (RFC 8725, section 2.1)."""
    await keeper.who(signed(world))
    now = world.clock() // 1000
    for secret in (host.document, json.dumps(published(CURVE, "one")).encode()):
        mac = jwt.PyJWS(algorithms=["HS256"])
        mac.unregister_algorithm("HS256")
        mac.register_algorithm("HS256", _AnyKey(HMACAlgorithm.SHA256))
        claims = json.dumps({"sub": "alice", "iat": now, "exp": now + 60}).encode()
        with pytest.raises(Unauthenticated):
            await keeper.who(mac.encode(claims, secret, "HS256", headers={"kid": "one"}))


class _AnyKey(HMACAlgorithm):
    def prepare_key(self, key: Any) -> bytes:
        return key


# Reading them now and then.


async def test_the_keys_are_read_at_start_and_every_ten_minutes(keys: PublishedKeys, host: Host, days: Days) -> None:
    keys.start()
    assert await days.slept.get() == FRESH_SECONDS
    assert [key.kid for key in keys.keys] == ["one"]
    host.document = document(published(RSA, "two"))
    days.wake.release()
    await days.slept.get()
    assert [key.kid for key in keys.keys] == ["two"]
    assert host.asked == 2


async def test_after_a_failure_they_are_read_again_soon(keys: PublishedKeys, host: Host, days: Days) -> None:
    host.fails = httpx.ConnectError("refused")
    keys.start()
    assert await days.slept.get() == AGAIN_SECONDS
    host.fails = None
    days.wake.release()
    assert await days.slept.get() == FRESH_SECONDS
    assert len(keys.keys) == 1


async def test_a_defect_does_not_end_the_reading(
    keys: PublishedKeys, days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(jwks, "read_keys", lambda _: 1 / 0)
        keys.start()
        assert await days.slept.get() == AGAIN_SECONDS
    days.wake.release()
    assert await days.slept.get() == FRESH_SECONDS
    assert len(keys.keys) == 1


async def test_closing_ends_what_is_under_way(host: Host) -> None:
    host.may_answer.clear()
    keys = PublishedKeys(URL, transport=httpx.MockTransport(host))
    before = asyncio.all_tasks()
    keys.start()
    await host.was_asked.wait()
    await keys.close()
    assert asyncio.all_tasks() == before


async def test_a_host_that_does_not_answer_is_waited_for_only_so_long(
    keys: PublishedKeys, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "FETCH_SECONDS", 0.0)
    host.may_answer.clear()
    with pytest.raises(Unavailable):
        await keys.look_again()


async def test_a_set_that_is_too_large_is_not_read_to_its_end(host: Host) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65536
            yield b" " * 65536

    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=endless()))
    keys = PublishedKeys(URL, transport=transport)
    with pytest.raises(Unavailable):
        await keys.look_again()
    assert sent <= jwks.SIZE + 2 * 65536
    await keys.close()


@pytest.mark.parametrize("fails", [httpx.ConnectError(f"can't reach {URL}"), None])
async def test_the_address_never_comes_into_a_log(
    keys: PublishedKeys, host: Host, fails: Exception | None, capsys: pytest.CaptureFixture[str]
) -> None:
    host.fails, host.status = fails, 401
    with pytest.raises(Unavailable):
        await keys.look_again()
    written = capsys.readouterr()
    assert "not fetched" in written.out + written.err
    assert "hush" not in written.out + written.err
