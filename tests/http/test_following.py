"""Following and followers of a user, and authentication by token."""

from urllib.parse import quote

import pytest

from tests.http.harness import Harness, is_problem


async def names(harness: Harness, path: str, header: dict[str, str]) -> list[str]:
    """Read a list page by page."""
    found: list[str] = []
    params: dict[str, str | int] = {"limit": 3}
    while True:
        page = await harness.http.get(path, headers=header, params=params)
        assert page.status_code == 200
        assert set(page.json()) == {"users", "next"}
        found += page.json()["users"]
        if page.json()["next"] is None:
            return found
        assert len(page.json()["users"]) == 3
        params["cursor"] = page.json()["next"]


async def test_following_is_one_way_and_can_be_undone(harness: Harness) -> None:
    alice, bob = await harness.sign_up("alice"), await harness.sign_up("bob")
    for _ in range(2):  # the second time changes nothing
        answer = await harness.http.put("/v1/following/bob", headers=alice)
        assert (answer.status_code, answer.content) == (204, b"")
    assert await names(harness, "/v1/following", alice) == ["bob"]
    assert await names(harness, "/v1/followers", alice) == []
    assert await names(harness, "/v1/followers", bob) == ["alice"]
    assert await names(harness, "/v1/following", bob) == []
    for _ in range(2):
        assert (await harness.http.delete("/v1/following/bob", headers=alice)).status_code == 204
    assert await names(harness, "/v1/following", alice) == []
    assert await names(harness, "/v1/followers", bob) == []


@pytest.mark.parametrize("count", [0, 1, 3, 7])
async def test_pages_have_no_gaps_or_duplicates(harness: Harness, count: int) -> None:
    header = await harness.sign_up("star")
    fans = sorted([f"fan.{n}:{n}" for n in range(count)])
    for fan in fans:
        await harness.http.put("/v1/following/star", headers=await harness.sign_up(fan))
        await harness.http.put(f"/v1/following/{quote(fan)}", headers=header)
    assert await names(harness, "/v1/followers", header) == fans
    assert await names(harness, "/v1/following", header) == fans


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("other", ["nobody", "alice bob", "%00", "a" * 65, "caf%C3%A9", "al%0A", "🗝"])
async def test_unknown_user_cannot_be_followed(harness: Harness, method: str, other: str) -> None:
    header = await harness.sign_up("alice")
    is_problem(await harness.http.request(method, f"/v1/following/{other}", headers=header), 404, "not_found")


async def test_user_cannot_follow_themselves(harness: Harness) -> None:
    header = await harness.sign_up("alice")
    is_problem(await harness.http.put("/v1/following/alice", headers=header), 422, "bad_request")


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
async def test_page_parameters_are_checked(
    harness: Harness, path: str, params: dict[str, str | int], field: str
) -> None:
    header = await harness.sign_up("alice")
    answer = await harness.http.get(path, headers=header, params=params)
    assert field in is_problem(answer, 422, "bad_request")["detail"]


async def test_unknown_cursor_is_refused(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    header = await harness.sign_up("alice")

    async def refuses(*_: object, **__: object) -> None:
        raise ValueError("invalid cursor")

    monkeypatch.setattr(harness.store, "follows", refuses)
    answer = await harness.http.get("/v1/following", headers=header, params={"cursor": "other"})
    is_problem(answer, 422, "bad_request")
    # Without a cursor it is not the caller's fault.
    is_problem(await harness.http.get("/v1/following", headers=header), 500, "internal")


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
async def test_calls_need_a_valid_token(
    harness: Harness, method: str, path: str, authorization: str | None, *, invalid: bool
) -> None:
    await harness.sign_up("bob")
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    answer = await harness.http.request(method, path, headers=headers)
    is_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == ('Bearer error="invalid_token"' if invalid else "Bearer")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
async def test_bearer_scheme_is_case_insensitive(harness: Harness, scheme: str) -> None:
    token = (await harness.sign_up("alice"))["Authorization"].removeprefix("Bearer ")
    answer = await harness.http.get("/v1/following", headers={"Authorization": f"{scheme} {token}"})
    assert answer.status_code == 200
