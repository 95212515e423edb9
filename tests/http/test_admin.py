"""The admin calls of the host application, and their authentication."""

import pytest

from bussa_protocol.bodies import TTL_MAX
from tests.http.harness import ADMIN, AS_ADMIN, SECRET, Harness, is_problem

CALLS = [
    ("PUT", "/v1/users/alice"),
    ("PUT", "/v1/users/alice/following/bob"),
    ("DELETE", "/v1/users/alice/following/bob"),
    ("POST", "/v1/users/alice/tokens"),
]


async def test_put_creates_a_user_then_changes_it(harness: Harness) -> None:
    first = await harness.http.put("/v1/users/alice", headers=AS_ADMIN, json={"name": "Alice", "knocks": True})
    assert first.status_code == 201
    view = {"user": "alice", "name": "Alice", "dm_policy": "followers", "knocks": True, "read_receipts": True}
    assert first.json() == view
    second = await harness.http.put("/v1/users/alice", headers=AS_ADMIN, json={"dm_policy": "nobody"})
    assert second.status_code == 200
    assert second.json() == view | {"dm_policy": "nobody"}
    same = await harness.http.put("/v1/users/alice", headers=AS_ADMIN)
    assert (same.status_code, same.json()) == (200, second.json())


async def test_unknown_fields_are_ignored(harness: Harness) -> None:
    answer = await harness.http.put("/v1/users/alice", headers=AS_ADMIN, json={"pronouns": "she"})
    assert answer.status_code == 201
    assert answer.json()["name"] == "alice"


@pytest.mark.parametrize(
    "body", [{"name": ""}, {"name": None}, {"dm_policy": "friends"}, {"knocks": "yes"}, {"name": "n" * 101}, []]
)
async def test_invalid_user_is_refused_whole(harness: Harness, body: object) -> None:
    is_problem(await harness.http.put("/v1/users/alice", headers=AS_ADMIN, json=body), 422, "bad_request")
    assert await harness.store.get_user("alice") is None


@pytest.mark.parametrize("user", ["alice bob", "a" * 65, "caf%C3%A9", "al%0A"])
async def test_invalid_user_id_is_refused(harness: Harness, user: str) -> None:
    """Creating a user with an invalid id is a bad request; anywhere else the user is just unknown."""
    is_problem(await harness.http.put(f"/v1/users/{user}", headers=AS_ADMIN), 422, "bad_request")
    is_problem(await harness.http.post(f"/v1/users/{user}/tokens", headers=AS_ADMIN), 404, "not_found")
    is_problem(await harness.http.put(f"/v1/users/{user}/following/bob", headers=AS_ADMIN), 404, "not_found")


async def test_admin_sets_following(harness: Harness) -> None:
    alice = await harness.sign_up("alice")
    await harness.http.put("/v1/users/bob", headers=AS_ADMIN)
    assert (await harness.http.put("/v1/users/alice/following/bob", headers=AS_ADMIN)).status_code == 204
    assert (await harness.http.get("/v1/following", headers=alice)).json() == {"users": ["bob"], "next": None}
    assert (await harness.http.delete("/v1/users/alice/following/bob", headers=AS_ADMIN)).status_code == 204
    assert (await harness.http.get("/v1/following", headers=alice)).json()["users"] == []
    is_problem(await harness.http.put("/v1/users/alice/following/eve", headers=AS_ADMIN), 404, "not_found")
    is_problem(await harness.http.put("/v1/users/eve/following/alice", headers=AS_ADMIN), 404, "not_found")
    is_problem(await harness.http.put("/v1/users/bob/following/bob", headers=AS_ADMIN), 422, "bad_request")


async def test_admin_issues_tokens(harness: Harness) -> None:
    await harness.http.put("/v1/users/alice", headers=AS_ADMIN)
    for body, seconds in (
        (None, harness.settings.token_seconds),
        ({}, harness.settings.token_seconds),
        ({"ttl": 60}, 60),
    ):
        answer = await harness.http.post("/v1/users/alice/tokens", headers=AS_ADMIN, json=body)
        assert answer.status_code == 201
        granted = answer.json()
        assert granted["user"] == "alice"
        assert granted["expires_at"] == harness.clock() + seconds * 1000
        assert (await harness.tokens.authenticate(granted["token"])).expires_at == granted["expires_at"]
    # A user without a password can't log in.
    is_problem(await harness.http.post("/v1/tokens", json={"user": "alice", "password": "p"}), 401, "unauthenticated")


@pytest.mark.parametrize("ttl", [0, -1, TTL_MAX + 1, 1.5, "60", True])
async def test_token_ttl_is_bounded(harness: Harness, ttl: object) -> None:
    await harness.http.put("/v1/users/alice", headers=AS_ADMIN)
    answer = await harness.http.post("/v1/users/alice/tokens", headers=AS_ADMIN, json={"ttl": ttl})
    is_problem(answer, 422, "bad_request")


async def test_unknown_user_gets_no_token(harness: Harness) -> None:
    is_problem(await harness.http.post("/v1/users/nobody/tokens", headers=AS_ADMIN), 404, "not_found")


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_admin_calls_are_not_found_without_a_key(method: str, path: str) -> None:
    harness = Harness(admin_key=None)
    unknown = await harness.http.request(method, "/v1/nothing", headers=AS_ADMIN)
    for headers in (AS_ADMIN, {}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        for other in (method, "OPTIONS", "GET"):
            answer = await harness.http.request(other, path, headers=headers)
            assert (answer.status_code, answer.content, answer.headers) == (404, unknown.content, unknown.headers)
    is_problem(unknown, 404, "not_found")
    assert await harness.store.get_user("alice") is None
    await harness.close()


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    "authorization",
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
async def test_wrong_admin_key_is_refused(harness: Harness, method: str, path: str, authorization: str) -> None:
    headers = {"Authorization": authorization.encode()}
    for body in (b"{}", b"not json"):  # refused before the body is read
        answer = await harness.http.request(method, path, headers=headers, content=body)
        is_problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert await harness.store.get_user("alice") is None


async def test_user_token_and_admin_key_are_not_interchangeable(harness: Harness) -> None:
    alice = await harness.sign_up("alice")
    is_problem(await harness.http.put("/v1/users/bob", headers=alice), 401, "unauthenticated")
    is_problem(await harness.http.get("/v1/following", headers=AS_ADMIN), 401, "unauthenticated")
