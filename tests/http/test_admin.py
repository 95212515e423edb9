"""What the host application does, and who may not pretend to be it."""

import pytest

from bussa_protocol.bodies import TTL_MAX
from tests.http.world import ADMIN, AS_ADMIN, SECRET, World, is_problem

CALLS = [
    ("PUT", "/v1/users/alice"),
    ("PUT", "/v1/users/alice/following/bob"),
    ("DELETE", "/v1/users/alice/following/bob"),
    ("POST", "/v1/users/alice/tokens"),
]


async def test_a_user_is_made_once_and_changed_after_that(world: World) -> None:
    first = await world.http.put("/v1/users/alice", headers=AS_ADMIN, json={"name": "Alice", "knocks": True})
    assert first.status_code == 201
    view = {"user": "alice", "name": "Alice", "dm_policy": "followers", "knocks": True, "read_receipts": True}
    assert first.json() == view
    second = await world.http.put("/v1/users/alice", headers=AS_ADMIN, json={"dm_policy": "nobody"})
    assert second.status_code == 200
    assert second.json() == view | {"dm_policy": "nobody"}
    same = await world.http.put("/v1/users/alice", headers=AS_ADMIN)
    assert (same.status_code, same.json()) == (200, second.json())


async def test_fields_of_a_later_version_are_passed_over(world: World) -> None:
    answer = await world.http.put("/v1/users/alice", headers=AS_ADMIN, json={"pronouns": "she"})
    assert answer.status_code == 201
    assert answer.json()["name"] == "alice"


@pytest.mark.parametrize(
    "body", [{"name": ""}, {"name": None}, {"dm_policy": "friends"}, {"knocks": "yes"}, {"name": "n" * 101}, []]
)
async def test_what_a_user_can_not_be_is_refused_whole(world: World, body: object) -> None:
    is_problem(await world.http.put("/v1/users/alice", headers=AS_ADMIN, json=body), 422, "bad_request")
    assert await world.store.person("alice") is None


@pytest.mark.parametrize("user", ["alice bob", "a" * 65, "caf%C3%A9", "al%0A"])
async def test_an_id_must_be_one(world: World, user: str) -> None:
    """To create what can't be is a mistake; to look for it finds nothing."""
    is_problem(await world.http.put(f"/v1/users/{user}", headers=AS_ADMIN), 422, "bad_request")
    is_problem(await world.http.post(f"/v1/users/{user}/tokens", headers=AS_ADMIN), 404, "not_found")
    is_problem(await world.http.put(f"/v1/users/{user}/following/bob", headers=AS_ADMIN), 404, "not_found")


async def test_the_host_application_says_who_follows_whom(world: World) -> None:
    alice = await world.sign_up("alice")
    await world.http.put("/v1/users/bob", headers=AS_ADMIN)
    assert (await world.http.put("/v1/users/alice/following/bob", headers=AS_ADMIN)).status_code == 204
    assert (await world.http.get("/v1/following", headers=alice)).json() == {"users": ["bob"], "next": None}
    assert (await world.http.delete("/v1/users/alice/following/bob", headers=AS_ADMIN)).status_code == 204
    assert (await world.http.get("/v1/following", headers=alice)).json()["users"] == []
    is_problem(await world.http.put("/v1/users/alice/following/eve", headers=AS_ADMIN), 404, "not_found")
    is_problem(await world.http.put("/v1/users/eve/following/alice", headers=AS_ADMIN), 404, "not_found")
    is_problem(await world.http.put("/v1/users/bob/following/bob", headers=AS_ADMIN), 422, "bad_request")


async def test_the_host_application_lets_its_users_in(world: World) -> None:
    await world.http.put("/v1/users/alice", headers=AS_ADMIN)
    for body, seconds in ((None, world.settings.token_seconds), ({}, world.settings.token_seconds), ({"ttl": 60}, 60)):
        answer = await world.http.post("/v1/users/alice/tokens", headers=AS_ADMIN, json=body)
        assert answer.status_code == 201
        granted = answer.json()
        assert granted["user"] == "alice"
        assert granted["expires_at"] == world.clock() + seconds * 1000
        assert (await world.tokens.who(granted["token"])).expires_at == granted["expires_at"]
    # Nobody logs in with a password that there is not.
    is_problem(await world.http.post("/v1/tokens", json={"user": "alice", "password": "p"}), 401, "unauthenticated")


@pytest.mark.parametrize("ttl", [0, -1, TTL_MAX + 1, 1.5, "60", True])
async def test_a_token_lasts_between_a_second_and_a_year(world: World, ttl: object) -> None:
    await world.http.put("/v1/users/alice", headers=AS_ADMIN)
    answer = await world.http.post("/v1/users/alice/tokens", headers=AS_ADMIN, json={"ttl": ttl})
    is_problem(answer, 422, "bad_request")


async def test_nobody_gets_no_token(world: World) -> None:
    is_problem(await world.http.post("/v1/users/nobody/tokens", headers=AS_ADMIN), 404, "not_found")


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_without_a_key_of_its_own_the_server_has_no_such_calls(method: str, path: str) -> None:
    world = World(admin_key=None)
    unknown = await world.http.request(method, "/v1/nothing", headers=AS_ADMIN)
    for headers in (AS_ADMIN, {}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        for asked in (method, "OPTIONS", "GET"):
            answer = await world.http.request(asked, path, headers=headers)
            assert (answer.status_code, answer.content, answer.headers) == (404, unknown.content, unknown.headers)
    is_problem(unknown, 404, "not_found")
    assert await world.store.person("alice") is None
    await world.close()


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Bearer",
        "Bearer x",
        f"Bearer {ADMIN}!",
        f"Bearer {ADMIN[:-1]}",
        f"Basic {ADMIN}",
        f"Bearer {SECRET.decode()}",
    ],
)
async def test_another_key_opens_nothing(world: World, method: str, path: str, shown: str) -> None:
    for body in (b"{}", b"not json"):  # who may not ask is told so before anything is read
        answer = await world.http.request(method, path, headers={"Authorization": shown.encode()}, content=body)
        is_problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert await world.store.person("alice") is None


async def test_a_user_is_no_admin_and_an_admin_no_user(world: World) -> None:
    alice = await world.sign_up("alice")
    is_problem(await world.http.put("/v1/users/bob", headers=alice), 401, "unauthenticated")
    is_problem(await world.http.get("/v1/following", headers=AS_ADMIN), 401, "unauthenticated")
