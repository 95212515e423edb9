"""Signing up, logging in, logging out."""

import asyncio
import os
import sys
import threading

import pytest
from argon2 import PasswordHasher

from bussa_protocol.bodies import PersonChange
from bussa_server.domain import commands
from bussa_server.http.passwords import NICE, NOBODYS, Passwords
from tests.http.world import AS_ADMIN, CountingHasher, World, is_problem


async def test_who_signs_up_gets_a_token_that_works(world: World) -> None:
    answer = await world.http.post("/v1/accounts", json={"user": "alice", "password": "p", "name": "Alice"})
    assert answer.status_code == 201
    granted = answer.json()
    assert granted["user"] == "alice"
    assert granted["expires_at"] == world.clock() + world.settings.token_seconds * 1000
    principal = await world.tokens.who(granted["token"])
    assert (principal.user, principal.actor, principal.expires_at) == ("alice", "alice", granted["expires_at"])
    person = await world.store.person("alice")
    assert person is not None
    assert person.name == "Alice"
    assert person.password is not None
    assert person.password.startswith("$argon2id$")


async def test_a_name_is_the_id_until_there_is_a_better_one(world: World) -> None:
    await world.sign_up("alice")
    person = await world.store.person("alice")
    assert person is not None
    assert person.name == "alice"


async def test_a_name_is_taken_once(world: World) -> None:
    await world.sign_up("alice", "first")
    answer = await world.http.post("/v1/accounts", json={"user": "alice", "password": "second"})
    is_problem(answer, 409, "taken")
    assert (await world.http.post("/v1/tokens", json={"user": "alice", "password": "first"})).status_code == 200


async def test_of_two_at_once_one_gets_the_name(world: World) -> None:
    asks = [world.http.post("/v1/accounts", json={"user": "alice", "password": str(n)}) for n in range(8)]
    answers = await asyncio.gather(*asks)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    for answer in answers:
        if answer.status_code == 409:
            is_problem(answer, 409, "taken")


async def test_where_sign_up_is_off_nobody_signs_up() -> None:
    world = World(sign_up=False)
    is_problem(await world.http.post("/v1/accounts", json={"user": "alice", "password": "p"}), 404, "not_found")
    assert await world.store.person("alice") is None
    await world.close()


async def test_a_password_may_have_to_be_longer() -> None:
    world = World(password_length=8)
    short = await world.http.post("/v1/accounts", json={"user": "alice", "password": "1234567"})
    assert "8" in is_problem(short, 422, "bad_request")["detail"]
    await world.sign_up("alice", "12345678")
    await world.close()


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
async def test_what_is_no_account_is_refused(world: World, body: object) -> None:
    is_problem(await world.http.post("/v1/accounts", json=body), 422, "bad_request")


# Logging in.


async def test_the_right_password_opens_and_a_wrong_one_does_not(world: World) -> None:
    await world.sign_up("alice", "città 🗝")
    right = await world.http.post("/v1/tokens", json={"user": "alice", "password": "città 🗝"})
    assert right.status_code == 200
    assert (await world.tokens.who(right.json()["token"])).user == "alice"
    wrong = await world.http.post("/v1/tokens", json={"user": "alice", "password": "città"})
    is_problem(wrong, 401, "unauthenticated")
    assert wrong.headers["www-authenticate"].startswith("Bearer")


async def test_an_unknown_user_is_as_a_wrong_password_in_words_and_in_work(world: World) -> None:
    await world.sign_up("alice")
    await world.post.commit(commands.PutPerson("hosted", PersonChange()))  # has no password
    answers = [
        await world.http.post("/v1/tokens", json={"user": user, "password": "guess"})
        for user in ("alice", "nobody", "hosted")
    ]
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    is_problem(answers[0], 401, "unauthenticated")
    compared = world.hasher.compared
    assert len(compared) == 3
    # The same parameters, so the same cost; and never the hash of a known one for an unknown one.
    assert len({hashed.rpartition("p=")[0] for hashed in compared}) == 1
    assert len({*compared}) == 2


async def test_what_an_unknown_user_is_compared_with_opens_nothing(world: World) -> None:
    await world.post.commit(commands.PutPerson("hosted", PersonChange()))
    for user in ("nobody", "hosted"):
        assert await world.passwords.verify(None, NOBODYS) is False
        answer = await world.http.post("/v1/tokens", json={"user": user, "password": NOBODYS})
        is_problem(answer, 401, "unauthenticated")


async def test_a_token_made_right_after_a_revocation_counts(world: World) -> None:
    await world.sign_up("alice", "p")
    ahead = world.clock.ms + 5_000  # another node's clock
    await world.store.commit([commands.Revoke("alice")], ahead)
    again = await world.http.post("/v1/tokens", json={"user": "alice", "password": "p"})
    assert (await world.tokens.who(again.json()["token"])).issued_at == ahead + 1


# How often.


async def test_failures_are_limited_by_address_and_success_costs_nothing() -> None:
    world = World(login_rate=0.001)
    await world.sign_up("alice", "p")
    for _ in range(50):
        assert (await world.http.post("/v1/tokens", json={"user": "alice", "password": "p"})).status_code == 200
    for n in range(20):
        wrong = await world.http.post("/v1/tokens", json={"user": f"user{n}", "password": "x"})
        is_problem(wrong, 401, "unauthenticated")
    limited = await world.http.post("/v1/tokens", json={"user": "alice", "password": "p"})
    problem = is_problem(limited, 429, "rate_limited")
    assert 0 < problem["retry_after"] <= int(limited.headers["retry-after"])
    elsewhere = world.client("198.51.100.1")
    assert (await elsewhere.post("/v1/tokens", json={"user": "alice", "password": "p"})).status_code == 200
    await elsewhere.aclose()
    await world.close()


async def test_failures_are_limited_by_user_from_wherever_they_come() -> None:
    world = World(login_rate=0.001)
    await world.sign_up("alice", "p")
    for n in range(20):
        async with world.client(f"198.51.100.{n}") as client:
            is_problem(await client.post("/v1/tokens", json={"user": "alice", "password": "x"}), 401, "unauthenticated")
    compared = len(world.hasher.compared)
    async with world.client("198.51.100.200") as client:
        is_problem(await client.post("/v1/tokens", json={"user": "alice", "password": "x"}), 429, "rate_limited")
        is_problem(await client.post("/v1/tokens", json={"user": "bob", "password": "x"}), 401, "unauthenticated")
    assert len(world.hasher.compared) == compared + 1
    await world.close()


async def test_a_rate_of_nought_lifts_the_limit() -> None:
    world = World(login_rate=0.0)
    for _ in range(60):
        answer = await world.http.post("/v1/tokens", json={"user": "alice", "password": "x"})
        is_problem(answer, 401, "unauthenticated")
    await world.close()


class Gate(CountingHasher):
    """Holds every comparison until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:
        self.open.wait()
        return super().verify(hash, password)


async def test_guesses_under_way_count_as_failures() -> None:
    gate = Gate()
    world = World(login_rate=0.001, passwords=Passwords(gate))
    guesses = [
        asyncio.create_task(world.http.post("/v1/tokens", json={"user": "alice", "password": str(n)}))
        for n in range(30)
    ]
    turned_away, held = await _until(guesses, 10)  # answered while the others are held
    for answer in turned_away:
        is_problem(answer.result(), 429, "rate_limited")
    gate.open.set()
    for answer in await asyncio.gather(*held):
        is_problem(answer, 401, "unauthenticated")
    assert len(held) == 20
    await world.close()


async def test_hashing_gives_way_to_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are more threads at work than cores, whoever writes comes before whoever logs in."""
    given: list[tuple[int, int, int]] = []
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "setpriority", lambda *priority: given.append(priority))
    passwords = Passwords(CountingHasher(), threads=1)
    await passwords.hash("secret")
    [(kind, thread, nice)] = given
    assert (kind, nice) == (os.PRIO_PROCESS, NICE)
    assert thread != threading.get_native_id()
    passwords.close()


async def test_a_flood_of_log_ins_does_not_hold_up_the_loop() -> None:
    gate = Gate()
    world = World(passwords=Passwords(gate, threads=2, waiting=5))
    flood = [
        asyncio.create_task(world.http.post("/v1/tokens", json={"user": f"user{n}", "password": "x"}))
        for n in range(50)
    ]
    turned_away, held = await _until(flood, 43)
    # Every thread is held, and everything else goes on.
    assert not any(login.done() for login in held)
    assert (await world.http.get("/healthz")).status_code == 200
    assert (await world.http.put("/v1/users/bob", headers=AS_ADMIN)).status_code == 201
    problem = is_problem(
        await world.http.post("/v1/accounts", json={"user": "al", "password": "x"}), 429, "rate_limited"
    )
    assert problem["retry_after"] > 0
    for answer in turned_away:
        is_problem(answer.result(), 429, "rate_limited")
    gate.open.set()
    for answer in await asyncio.gather(*held):
        is_problem(answer, 401, "unauthenticated")
    # And the room is there again.
    is_problem(await world.http.post("/v1/tokens", json={"user": "alice", "password": "x"}), 401, "unauthenticated")
    await world.close()


async def _until(tasks: list[asyncio.Task], count: int) -> tuple[list[asyncio.Task], list[asyncio.Task]]:
    """Wait until so many have ended; which have, and which have not."""
    ended = asyncio.Semaphore(0)
    for task in tasks:
        task.add_done_callback(lambda _: ended.release())
    for _ in range(count):
        await ended.acquire()
    return [task for task in tasks if task.done()], [task for task in tasks if not task.done()]


async def test_who_was_turned_away_unlooked_at_has_not_guessed() -> None:
    world = World(login_rate=0.001, passwords=Passwords(CountingHasher(), threads=1, waiting=-1))
    for _ in range(50):
        busy = await world.http.post("/v1/tokens", json={"user": "alice", "password": "x"})
        assert is_problem(busy, 429, "rate_limited")["detail"] == "too many log-ins at once"
    world.store.out_of_reach = True
    for _ in range(50):
        is_problem(await world.http.post("/v1/tokens", json={"user": "alice", "password": "x"}), 503, "unavailable")
    await world.close()


async def test_a_hash_that_is_none_opens_nothing_and_is_a_defect(world: World) -> None:
    await world.post.commit(commands.SignUp("alice", "Alice", "plain"))
    is_problem(await world.http.post("/v1/tokens", json={"user": "alice", "password": "plain"}), 401, "unauthenticated")
    await world.post.commit(commands.SignUp("bob", "Bob", PasswordHasher().hash("p")[:-5]))
    is_problem(await world.http.post("/v1/tokens", json={"user": "bob", "password": "p"}), 401, "unauthenticated")


# Logging out.


async def test_logging_out_ends_every_token_so_far(world: World) -> None:
    first = await world.sign_up("alice", "p")
    second = await world.http.post("/v1/tokens", json={"user": "alice", "password": "p"})
    other = await world.sign_up("bob")
    answer = await world.http.delete("/v1/sessions", headers=first)
    assert (answer.status_code, answer.content) == (204, b"")
    person = await world.store.person("alice")
    assert person is not None
    assert world.revoked == [("alice", person.revoked_at)]
    for dead in (first, {"Authorization": f"Bearer {second.json()['token']}"}):
        is_problem(await world.http.get("/v1/following", headers=dead), 401, "unauthenticated")
        is_problem(await world.http.delete("/v1/sessions", headers=dead), 401, "unauthenticated")
    assert (await world.http.get("/v1/following", headers=other)).status_code == 200
    again = await world.http.post("/v1/tokens", json={"user": "alice", "password": "p"})
    alive = {"Authorization": f"Bearer {again.json()['token']}"}
    assert (await world.http.get("/v1/following", headers=alive)).status_code == 200


async def test_without_a_token_nobody_logs_out(world: World) -> None:
    is_problem(await world.http.delete("/v1/sessions"), 401, "unauthenticated")
    assert world.revoked == []
