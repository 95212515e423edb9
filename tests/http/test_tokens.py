"""The token service: expiry and revocation to the millisecond, by what the store has at that moment."""

import jwt
import pytest
from structlog.testing import capture_logs

from bussa_server import telemetry
from bussa_server.auth.jwt import issue
from bussa_server.auth.principal import Principal, Tokens, Unauthenticated
from bussa_server.auth.tokens import TokenService
from bussa_server.ports.store import Unavailable
from tests import commands
from tests.http.harness import SECRET, Harness


async def test_token_authenticates_its_user(harness: Harness) -> None:
    await harness.sign_up("alice")
    granted = harness.tokens.grant("alice", 0, 60)
    now = harness.clock()
    tokens: Tokens = harness.tokens  # the service implements the sessions' protocol
    assert await tokens.authenticate(granted.token) == Principal("alice", "alice", now, now + 60_000)


async def test_token_signed_with_the_shared_secret_is_valid(harness: Harness) -> None:
    await harness.sign_up("alice")
    seconds = harness.clock() // 1000
    token = jwt.encode({"sub": "alice", "iat": seconds, "exp": seconds + 60}, SECRET, "HS256")
    assert (await harness.tokens.authenticate(token)).user == "alice"


async def test_revocation_is_exact_to_the_millisecond(harness: Harness) -> None:
    await harness.sign_up("alice")
    revoked_at = harness.clock()
    await harness.store.commit([commands.Revoke("alice")], revoked_at)
    simultaneous, _ = issue("alice", SECRET, 60, revoked_at, 0)
    with pytest.raises(Unauthenticated, match="revoked"):
        await harness.tokens.authenticate(simultaneous)
    later = harness.tokens.grant("alice", revoked_at)
    assert (await harness.tokens.authenticate(later.token)).issued_at == revoked_at + 1


async def test_authentication_is_not_cached(harness: Harness) -> None:
    await harness.sign_up("alice")
    token = harness.tokens.grant("alice", 0).token
    await harness.tokens.authenticate(token)
    await harness.store.commit([commands.Revoke("alice")], harness.clock())
    with pytest.raises(Unauthenticated):
        await harness.tokens.authenticate(token)


async def test_token_expires(harness: Harness) -> None:
    await harness.sign_up("alice")
    token = harness.tokens.grant("alice", 0, 60).token
    harness.clock.ms += 59_999
    await harness.tokens.authenticate(token)
    harness.clock.ms += 1
    with pytest.raises(Unauthenticated, match="expired"):
        await harness.tokens.authenticate(token)


async def test_token_of_an_unknown_user_is_refused(harness: Harness) -> None:
    with pytest.raises(Unauthenticated):
        await harness.tokens.authenticate(harness.tokens.grant("nobody", 0).token)


async def test_authentication_needs_the_store(harness: Harness) -> None:
    await harness.sign_up("alice")
    token = harness.tokens.grant("alice", 0).token
    harness.store.unavailable = True
    with pytest.raises(Unavailable):
        await harness.tokens.authenticate(token)
    with pytest.raises(Unauthenticated):  # a malformed token is refused without the store
        await harness.tokens.authenticate("nonsense")


async def test_audience_and_issuer_are_required_and_issued(harness: Harness) -> None:
    await harness.sign_up("alice")
    token_service = TokenService(harness.store, SECRET, seconds=60, audience="chat", issuer="us", now=harness.clock)
    assert (await token_service.authenticate(token_service.grant("alice", 0).token)).user == "alice"
    with pytest.raises(Unauthenticated):
        await token_service.authenticate(harness.tokens.grant("alice", 0).token)
    with pytest.raises(Unauthenticated):
        await harness.tokens.authenticate(token_service.grant("alice", 0).token)


@pytest.mark.parametrize(("secret", "warned"), [(b"#", True), (b"#" * 31, True), (b"#" * 32, False)])
async def test_short_secret_works_and_is_warned_about_once(harness: Harness, secret: bytes, *, warned: bool) -> None:
    await harness.sign_up("alice")
    with capture_logs() as lines:
        token_service = TokenService(harness.store, secret, seconds=60, now=harness.clock)
        for _ in range(3):
            assert (await token_service.authenticate(token_service.grant("alice", 0).token)).user == "alice"
    assert len(lines) == warned
    assert secret.decode() not in str(lines)  # in no field, and "#" is part of no word


async def test_refused_tokens_are_counted_by_reason(harness: Harness) -> None:
    def count(reason: str) -> float:
        lines = telemetry.metrics().decode().splitlines()
        return sum(
            float(line.split()[-1])
            for line in lines
            if line.startswith(f'bussa_tokens_refused_total{{reason="{reason}"')
        )

    before = {reason: count(reason) for reason in ("malformed", "nobody", "signature")}
    for token in (
        "nonsense",
        harness.tokens.grant("nobody", 0).token,
        issue("alice", b"other", 60, harness.clock(), 0)[0],
    ):
        with pytest.raises(Unauthenticated):
            await harness.tokens.authenticate(token)
    assert {reason: count(reason) - before[reason] for reason in before} == dict.fromkeys(before, 1)
