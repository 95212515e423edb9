"""Sign up, log in, log out."""

import asyncio
import os
import sys
import threading

import pytest
from argon2 import PasswordHasher

from bussa_protocol.bodies import UserChange
from bussa_server.auth.passwords import DUMMY_PASSWORD, NICE, Passwords
from tests import commands
from tests.http.harness import AS_ADMIN, CountingHasher, Harness, is_problem


async def test_sign_up_returns_a_working_token(harness: Harness) -> None:
    answer = await harness.http.post("/v1/accounts", json={"user": "alice", "password": "p", "name": "Alice"})
    assert answer.status_code == 201
    granted = answer.json()
    assert granted["user"] == "alice"
    assert granted["expires_at"] == harness.clock() + harness.settings.token_seconds * 1000
    principal = await harness.tokens.authenticate(granted["token"])
    assert (principal.user, principal.actor, principal.expires_at) == ("alice", "alice", granted["expires_at"])
    user = await harness.store.get_user("alice")
    assert user is not None
    assert user.name == "Alice"
    assert user.password is not None
    assert user.password.startswith("$argon2id$")


async def test_name_defaults_to_the_id(harness: Harness) -> None:
    await harness.sign_up("alice")
    user = await harness.store.get_user("alice")
    assert user is not None
    assert user.name == "alice"


async def test_taken_name_is_refused(harness: Harness) -> None:
    await harness.sign_up("alice", "first")
    answer = await harness.http.post("/v1/accounts", json={"user": "alice", "password": "second"})
    is_problem(answer, 409, "taken")
    assert (await harness.http.post("/v1/tokens", json={"user": "alice", "password": "first"})).status_code == 200


async def test_concurrent_sign_ups_create_one_user(harness: Harness) -> None:
    sign_ups = [harness.http.post("/v1/accounts", json={"user": "alice", "password": str(n)}) for n in range(8)]
    answers = await asyncio.gather(*sign_ups)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    for answer in answers:
        if answer.status_code == 409:
            is_problem(answer, 409, "taken")


async def test_disabled_sign_up_is_not_found() -> None:
    harness = Harness(sign_up=False)
    is_problem(await harness.http.post("/v1/accounts", json={"user": "alice", "password": "p"}), 404, "not_found")
    assert await harness.store.get_user("alice") is None
    await harness.close()


async def test_short_password_is_refused() -> None:
    harness = Harness(password_length=8)
    short = await harness.http.post("/v1/accounts", json={"user": "alice", "password": "1234567"})
    assert "8" in is_problem(short, 422, "bad_request")["detail"]
    await harness.sign_up("alice", "12345678")
    await harness.close()


@pytest.mark.parametrize(
    "body",
    [
        {"user": "alice"},
        {"password": "p"},
        {"user": "alice bob", "password": "p"},
        {"user": "", "password": "p"},
        {"user": "a" * 65, "password": "p"},
        {"user": "alice\n", "password": "p"},
        {"user": "alice", "password": ""},
        {"user": "alice", "password": "p" * 1025},
        {"user": "alice", "password": 7},
        {"user": "alice", "password": "p", "name": ""},
        {"user": "alice", "password": "p", "name": "n" * 101},
        [],
        None,
    ],
)
async def test_invalid_account_is_refused(harness: Harness, body: object) -> None:
    is_problem(await harness.http.post("/v1/accounts", json=body), 422, "bad_request")


# Log in.


async def test_log_in_needs_the_right_password(harness: Harness) -> None:
    await harness.sign_up("alice", "città 🗝")
    right = await harness.http.post("/v1/tokens", json={"user": "alice", "password": "città 🗝"})
    assert right.status_code == 200
    assert (await harness.tokens.authenticate(right.json()["token"])).user == "alice"
    wrong = await harness.http.post("/v1/tokens", json={"user": "alice", "password": "città"})
    is_problem(wrong, 401, "unauthenticated")
    assert wrong.headers["www-authenticate"].startswith("Bearer")


async def test_unknown_user_is_indistinguishable_from_a_wrong_password(harness: Harness) -> None:
    await harness.sign_up("alice")
    await harness.commit_queue.commit(commands.PutUser("hosted", UserChange()))  # has no password
    answers = [
        await harness.http.post("/v1/tokens", json={"user": user, "password": "guess"})
        for user in ("alice", "nobody", "hosted")
    ]
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    is_problem(answers[0], 401, "unauthenticated")
    compared = harness.hasher.compared
    assert len(compared) == 3
    # The same argon2 parameters, so the same cost; and for users without a password always the dummy hash.
    assert len({hashed.rpartition("p=")[0] for hashed in compared}) == 1
    assert len({*compared}) == 2


async def test_dummy_password_does_not_log_in(harness: Harness) -> None:
    await harness.commit_queue.commit(commands.PutUser("hosted", UserChange()))
    for user in ("nobody", "hosted"):
        assert await harness.passwords.verify(None, DUMMY_PASSWORD) is False
        answer = await harness.http.post("/v1/tokens", json={"user": user, "password": DUMMY_PASSWORD})
        is_problem(answer, 401, "unauthenticated")


async def test_token_issued_after_a_revocation_is_valid(harness: Harness) -> None:
    await harness.sign_up("alice", "p")
    ahead = harness.clock.ms + 5_000  # another node's clock
    await harness.store.commit([commands.Revoke("alice")], ahead)
    again = await harness.http.post("/v1/tokens", json={"user": "alice", "password": "p"})
    assert (await harness.tokens.authenticate(again.json()["token"])).issued_at == ahead + 1


# Rate limits.


async def test_failed_log_ins_are_limited_by_address() -> None:
    harness = Harness(login_rate=0.001)
    await harness.sign_up("alice", "p")
    for _ in range(50):
        assert (await harness.http.post("/v1/tokens", json={"user": "alice", "password": "p"})).status_code == 200
    for n in range(20):
        wrong = await harness.http.post("/v1/tokens", json={"user": f"user{n}", "password": "x"})
        is_problem(wrong, 401, "unauthenticated")
    limited = await harness.http.post("/v1/tokens", json={"user": "alice", "password": "p"})
    problem = is_problem(limited, 429, "rate_limited")
    assert 0 < problem["retry_after"] <= int(limited.headers["retry-after"])
    elsewhere = harness.client("198.51.100.1")
    assert (await elsewhere.post("/v1/tokens", json={"user": "alice", "password": "p"})).status_code == 200
    await elsewhere.aclose()
    await harness.close()


async def test_failed_log_ins_are_limited_by_user_from_any_address() -> None:
    harness = Harness(login_rate=0.001)
    await harness.sign_up("alice", "p")
    for n in range(20):
        async with harness.client(f"198.51.100.{n}") as client:
            is_problem(await client.post("/v1/tokens", json={"user": "alice", "password": "x"}), 401, "unauthenticated")
    compared = len(harness.hasher.compared)
    async with harness.client("198.51.100.200") as client:
        is_problem(await client.post("/v1/tokens", json={"user": "alice", "password": "x"}), 429, "rate_limited")
        is_problem(await client.post("/v1/tokens", json={"user": "bob", "password": "x"}), 401, "unauthenticated")
    assert len(harness.hasher.compared) == compared + 1
    await harness.close()


async def test_rate_of_zero_disables_the_limit() -> None:
    harness = Harness(login_rate=0.0)
    for _ in range(60):
        answer = await harness.http.post("/v1/tokens", json={"user": "alice", "password": "x"})
        is_problem(answer, 401, "unauthenticated")
    await harness.close()


class Gate(CountingHasher):
    """Blocks every verification until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:
        self.open.wait()
        return super().verify(hash, password)


async def test_concurrent_guesses_count_as_failures() -> None:
    gate = Gate()
    harness = Harness(login_rate=0.001, passwords=Passwords(gate))
    guesses = [
        asyncio.create_task(harness.http.post("/v1/tokens", json={"user": "alice", "password": str(n)}))
        for n in range(30)
    ]
    rejected, waiting = await _wait_for(guesses, 10)  # rejected while the others wait for the gate
    for answer in rejected:
        is_problem(answer.result(), 429, "rate_limited")
    gate.open.set()
    for answer in await asyncio.gather(*waiting):
        is_problem(answer, 401, "unauthenticated")
    assert len(waiting) == 20
    await harness.close()


async def test_hashing_threads_have_lower_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    """With more runnable threads than cores, messages take precedence over log-ins."""
    priorities: list[tuple[int, int, int]] = []
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "setpriority", lambda *priority: priorities.append(priority))
    passwords = Passwords(CountingHasher(), threads=1)
    await passwords.hash("secret")
    [(kind, thread, nice)] = priorities
    assert (kind, nice) == (os.PRIO_PROCESS, NICE)
    assert thread != threading.get_native_id()
    passwords.close()


async def test_log_in_flood_does_not_block_the_loop() -> None:
    gate = Gate()
    harness = Harness(passwords=Passwords(gate, threads=2, waiting=5))
    flood = [
        asyncio.create_task(harness.http.post("/v1/tokens", json={"user": f"user{n}", "password": "x"}))
        for n in range(50)
    ]
    rejected, waiting = await _wait_for(flood, 43)
    # Every hashing thread is blocked, and everything else goes on.
    assert not any(login.done() for login in waiting)
    assert (await harness.http.get("/healthz")).status_code == 200
    assert (await harness.http.put("/v1/users/bob", headers=AS_ADMIN)).status_code == 201
    problem = is_problem(
        await harness.http.post("/v1/accounts", json={"user": "al", "password": "x"}), 429, "rate_limited"
    )
    assert problem["retry_after"] > 0
    for answer in rejected:
        is_problem(answer.result(), 429, "rate_limited")
    gate.open.set()
    for answer in await asyncio.gather(*waiting):
        is_problem(answer, 401, "unauthenticated")
    # The queue has room again.
    is_problem(await harness.http.post("/v1/tokens", json={"user": "alice", "password": "x"}), 401, "unauthenticated")
    await harness.close()


async def _wait_for(tasks: list[asyncio.Task], count: int) -> tuple[list[asyncio.Task], list[asyncio.Task]]:
    """Wait until ``count`` tasks are done; returns those done and those pending."""
    ended = asyncio.Semaphore(0)
    for task in tasks:
        task.add_done_callback(lambda _: ended.release())
    for _ in range(count):
        await ended.acquire()
    return [task for task in tasks if task.done()], [task for task in tasks if not task.done()]


async def test_unverified_attempt_is_refunded() -> None:
    harness = Harness(login_rate=0.001, passwords=Passwords(CountingHasher(), threads=1, waiting=-1))
    for _ in range(50):
        busy = await harness.http.post("/v1/tokens", json={"user": "alice", "password": "x"})
        assert is_problem(busy, 429, "rate_limited")["detail"] == "too many concurrent log-ins"
    harness.store.unavailable = True
    for _ in range(50):
        is_problem(await harness.http.post("/v1/tokens", json={"user": "alice", "password": "x"}), 503, "unavailable")
    await harness.close()


async def test_invalid_hash_does_not_log_in_and_is_a_defect(harness: Harness) -> None:
    await harness.commit_queue.commit(commands.SignUp("alice", "Alice", "plain"))
    is_problem(
        await harness.http.post("/v1/tokens", json={"user": "alice", "password": "plain"}), 401, "unauthenticated"
    )
    await harness.commit_queue.commit(commands.SignUp("bob", "Bob", PasswordHasher().hash("p")[:-5]))
    is_problem(await harness.http.post("/v1/tokens", json={"user": "bob", "password": "p"}), 401, "unauthenticated")


# Log out.


async def test_log_out_revokes_every_earlier_token(harness: Harness) -> None:
    first = await harness.sign_up("alice", "p")
    second = await harness.http.post("/v1/tokens", json={"user": "alice", "password": "p"})
    other = await harness.sign_up("bob")
    answer = await harness.http.delete("/v1/sessions", headers=first)
    assert (answer.status_code, answer.content) == (204, b"")
    user = await harness.store.get_user("alice")
    assert user is not None
    assert harness.revoked == [("alice", user.revoked_at)]
    for revoked in (first, {"Authorization": f"Bearer {second.json()['token']}"}):
        is_problem(await harness.http.get("/v1/following", headers=revoked), 401, "unauthenticated")
        is_problem(await harness.http.delete("/v1/sessions", headers=revoked), 401, "unauthenticated")
    assert (await harness.http.get("/v1/following", headers=other)).status_code == 200
    again = await harness.http.post("/v1/tokens", json={"user": "alice", "password": "p"})
    valid = {"Authorization": f"Bearer {again.json()['token']}"}
    assert (await harness.http.get("/v1/following", headers=valid)).status_code == 200


async def test_log_out_needs_a_token(harness: Harness) -> None:
    is_problem(await harness.http.delete("/v1/sessions"), 401, "unauthenticated")
    assert harness.revoked == []
