"""Following and followers, for a user."""

from urllib.parse import quote

import pytest

from tests.http.world import World, is_problem


async def names(world: World, path: str, header: dict[str, str]) -> list[str]:
    """Every page of a list, one after the other."""
    found: list[str] = []
    params: dict[str, str | int] = {"limit": 3}
    while True:
        page = await world.http.get(path, headers=header, params=params)
        assert page.status_code == 200
        assert set(page.json()) == {"users", "next"}
        found += page.json()["users"]
        if page.json()["next"] is None:
            return found
        assert len(page.json()["users"]) == 3
        params["cursor"] = page.json()["next"]


async def test_following_goes_one_way_and_can_be_undone(world: World) -> None:
    alice, bob = await world.sign_up("alice"), await world.sign_up("bob")
    for _ in range(2):  # the second time changes nothing
        answer = await world.http.put("/v1/following/bob", headers=alice)
        assert (answer.status_code, answer.content) == (204, b"")
    assert await names(world, "/v1/following", alice) == ["bob"]
    assert await names(world, "/v1/followers", alice) == []
    assert await names(world, "/v1/followers", bob) == ["alice"]
    assert await names(world, "/v1/following", bob) == []
    for _ in range(2):
        assert (await world.http.delete("/v1/following/bob", headers=alice)).status_code == 204
    assert await names(world, "/v1/following", alice) == []
    assert await names(world, "/v1/followers", bob) == []


@pytest.mark.parametrize("count", [0, 1, 3, 7])
async def test_lists_come_in_pages_without_a_hole_or_a_double(world: World, count: int) -> None:
    star = await world.sign_up("star")
    fans = sorted([f"fan.{n}:{n}" for n in range(count)])
    for fan in fans:
        header = await world.sign_up(fan)
        await world.http.put("/v1/following/star", headers=header)
        await world.http.put(f"/v1/following/{quote(fan)}", headers=star)
    assert await names(world, "/v1/followers", star) == fans
    assert await names(world, "/v1/following", star) == fans


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("other", ["nobody", "alice bob", "%00", "a" * 65, "caf%C3%A9", "al%0A", "🗝"])
async def test_nobody_can_be_followed_who_does_not_exist(world: World, method: str, other: str) -> None:
    header = await world.sign_up("alice")
    is_problem(await world.http.request(method, f"/v1/following/{other}", headers=header), 404, "not_found")


async def test_nobody_follows_themselves(world: World) -> None:
    header = await world.sign_up("alice")
    is_problem(await world.http.put("/v1/following/alice", headers=header), 422, "bad_request")


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": -1}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"limit": "1" * 5000}, "limit"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "a" * 201}, "cursor"),
        ({"cursor": "a\0"}, "cursor"),
        ({"cursor": "\ufffd"}, "cursor"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/following", "/v1/followers"])
async def test_a_page_is_asked_for_within_bounds(
    world: World, path: str, params: dict[str, str | int], field: str
) -> None:
    header = await world.sign_up("alice")
    answer = await world.http.get(path, headers=header, params=params)
    assert field in is_problem(answer, 422, "bad_request")["detail"]


async def test_a_cursor_that_the_store_never_gave_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    header = await world.sign_up("alice")

    async def refuses(*_: object, **__: object) -> None:
        raise ValueError("not mine")

    monkeypatch.setattr(world.store, "follows", refuses)
    answer = await world.http.get("/v1/following", headers=header, params={"cursor": "other"})
    is_problem(answer, 422, "bad_request")
    # Without a cursor it was no fault of the asker's.
    is_problem(await world.http.get("/v1/following", headers=header), 500, "internal")


CALLS = [
    ("PUT", "/v1/following/bob"),
    ("DELETE", "/v1/following/bob"),
    ("GET", "/v1/following"),
    ("GET", "/v1/followers"),
    ("DELETE", "/v1/sessions"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    ("authorization", "invalid"),
    [
        (None, False),
        ("", False),
        ("Bearer", False),
        ("Bearer ", False),
        ("Basic YWxpY2U6cA==", False),
        ("Bearer nonsense", True),
        ("Bearer a.b.c", True),
        ("Bearer " + "x" * 9000, True),
        ("Bearer \xe9\xff", True),
    ],
)
async def test_without_a_token_that_counts_nothing_is_done(
    world: World, method: str, path: str, authorization: str | None, *, invalid: bool
) -> None:
    await world.sign_up("bob")
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    answer = await world.http.request(method, path, headers=headers)
    is_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == ('Bearer error="invalid_token"' if invalid else "Bearer")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
async def test_how_bearer_is_written_does_not_matter(world: World, scheme: str) -> None:
    token = (await world.sign_up("alice"))["Authorization"].removeprefix("Bearer ")
    answer = await world.http.get("/v1/following", headers={"Authorization": f"{scheme} {token}"})
    assert answer.status_code == 200
