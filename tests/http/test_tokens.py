"""Who a token speaks for: exact to the millisecond, and as the store knows it at that moment."""

import jwt
import pytest
from structlog.testing import capture_logs

from bussa_server import telemetry
from bussa_server.domain import commands
from bussa_server.domain.token import issue
from bussa_server.http.tokens import TokenKeeper
from bussa_server.ports.store import Unavailable
from bussa_server.session.principal import Principal, Tokens, Unauthenticated
from tests.http.world import SECRET, World


def as_sessions_see_it(tokens: Tokens) -> Tokens:
    return tokens


async def test_a_token_speaks_for_its_user(world: World) -> None:
    await world.sign_up("alice")
    granted = world.tokens.grant("alice", 0, 60)
    now = world.clock()
    assert await as_sessions_see_it(world.tokens).who(granted.token) == Principal("alice", "alice", now, now + 60_000)


async def test_what_a_host_application_signs_with_the_shared_secret_counts(world: World) -> None:
    await world.sign_up("alice")
    seconds = world.clock() // 1000
    token = jwt.encode({"sub": "alice", "iat": seconds, "exp": seconds + 60}, SECRET, "HS256")
    assert (await world.tokens.who(token)).user == "alice"


async def test_a_revocation_counts_to_the_millisecond(world: World) -> None:
    await world.sign_up("alice")
    revoked_at = world.clock()
    await world.store.commit([commands.Revoke("alice")], revoked_at)
    at_once, _ = issue("alice", SECRET, 60, revoked_at, 0)
    with pytest.raises(Unauthenticated, match="revoked"):
        await world.tokens.who(at_once)
    after = world.tokens.grant("alice", revoked_at)
    assert (await world.tokens.who(after.token)).issued_at == revoked_at + 1


async def test_nothing_is_remembered_between_two_questions(world: World) -> None:
    await world.sign_up("alice")
    token = world.tokens.grant("alice", 0).token
    await world.tokens.who(token)
    await world.store.commit([commands.Revoke("alice")], world.clock())
    with pytest.raises(Unauthenticated):
        await world.tokens.who(token)


async def test_a_token_runs_out(world: World) -> None:
    await world.sign_up("alice")
    token = world.tokens.grant("alice", 0, 60).token
    world.clock.ms += 59_999
    await world.tokens.who(token)
    world.clock.ms += 1
    with pytest.raises(Unauthenticated, match="run out"):
        await world.tokens.who(token)


async def test_a_token_of_nobody_does_not_count(world: World) -> None:
    with pytest.raises(Unauthenticated):
        await world.tokens.who(world.tokens.grant("nobody", 0).token)


async def test_without_the_store_nobody_knows(world: World) -> None:
    await world.sign_up("alice")
    token = world.tokens.grant("alice", 0).token
    world.store.out_of_reach = True
    with pytest.raises(Unavailable):
        await world.tokens.who(token)
    with pytest.raises(Unauthenticated):  # what is no token is none, store or no store
        await world.tokens.who("nonsense")


async def test_audience_and_issuer_hold_for_all_tokens_and_are_put_into_ours(world: World) -> None:
    await world.sign_up("alice")
    keeper = TokenKeeper(world.store, SECRET, seconds=60, audience="chat", issuer="us", now=world.clock)
    assert (await keeper.who(keeper.grant("alice", 0).token)).user == "alice"
    with pytest.raises(Unauthenticated):
        await keeper.who(world.tokens.grant("alice", 0).token)
    with pytest.raises(Unauthenticated):
        await world.tokens.who(keeper.grant("alice", 0).token)


@pytest.mark.parametrize(("secret", "warned"), [(b"x", True), (b"x" * 31, True), (b"x" * 32, False)])
async def test_a_short_secret_works_and_is_warned_of_once_at_start(
    world: World, secret: bytes, *, warned: bool
) -> None:
    await world.sign_up("alice")
    with capture_logs() as lines:
        keeper = TokenKeeper(world.store, secret, seconds=60, now=world.clock)
        for _ in range(3):
            assert (await keeper.who(keeper.grant("alice", 0).token)).user == "alice"
    assert len(lines) == warned
    assert all(secret.decode() not in line["event"].split() for line in lines)


async def test_what_is_refused_is_counted_by_its_reason(world: World) -> None:
    def count(why: str) -> float:
        lines = telemetry.metrics().decode().splitlines()
        return sum(
            float(line.split()[-1]) for line in lines if line.startswith(f'bussa_tokens_refused_total{{why="{why}"')
        )

    before = {why: count(why) for why in ("malformed", "nobody", "signature")}
    for token in ("nonsense", world.tokens.grant("nobody", 0).token, issue("alice", b"other", 60, world.clock(), 0)[0]):
        with pytest.raises(Unauthenticated):
            await world.tokens.who(token)
    assert {why: count(why) - before[why] for why in before} == dict.fromkeys(before, 1)
