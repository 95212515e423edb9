"""Over HTTP: accounts, tokens, following, the host application; and what of it reaches the open sockets."""

import asyncio
import time

import httpx
import pytest

from tests.scenes.play import Play
from tests.scenes.serving import ADMIN_KEY, SECRET, Server, bussa, sign

PROBLEM = "application/problem+json"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith(PROBLEM)
    assert answer.json()["code"] == code
    assert answer.json()["status"] == status


async def test_alice_signs_up_logs_in_and_writes(play: Play):
    http, alice, bob = play.host.http, play.id("alice"), await play.person("bob")
    account = {"user": alice, "password": "open sesame", "name": "Alice"}
    answer = await http.post("/v1/accounts", json=account)
    assert answer.status_code == 201
    grant = answer.json()
    assert grant["user"] == alice
    assert grant["expires_at"] > time.time() * 1000
    problem(await http.post("/v1/accounts", json=account), 409, "taken")
    problem(await http.post("/v1/accounts", json={"user": "a b", "password": "x"}), 422, "bad_request")
    problem(await http.post("/v1/accounts", json={"user": play.id("x")}), 422, "bad_request")
    problem(await http.post("/v1/tokens", json={"user": alice, "password": "wrong"}), 401, "unauthenticated")
    problem(await http.post("/v1/tokens", json={"user": play.id("x"), "password": "x"}), 401, "unauthenticated")
    answer = await http.post("/v1/tokens", json={"user": alice, "password": "open sesame"})
    assert answer.status_code == 200
    for token in (grant["token"], answer.json()["token"]):
        device = await play.stranger()
        await device.greet({"token": token})
        await device.send(bob, "ciao")
    assert (await (await play.meet(bob)).ok("profile", user=alice))["name"] == "Alice"


async def test_log_out_ends_every_socket_and_every_token_so_far(play: Play):
    alice, bob = await play.person("alice"), await play.person("bob")
    token = sign(alice)
    devices = [await play.meet(alice) for _ in range(5)]
    witness = await play.meet(bob)
    silent = await play.stranger({"Authorization": f"Bearer {token}"})
    answer = await play.host.http.delete("/v1/sessions", headers=bearer(token))
    assert answer.status_code == 204
    assert await asyncio.gather(*(device.closed() for device in devices)) == [4401] * 5
    await silent.say({"type": "hello"})
    assert await silent.closed() == 4401
    problem(await play.host.http.get("/v1/following", headers=bearer(token)), 401, "unauthenticated")
    again = await play.stranger()
    await again.say({"type": "hello", "token": token})
    assert await again.closed() == 4401
    fresh = await play.stranger()
    await fresh.greet({"token": await play.host.token(alice)})
    assert (await witness.ok("ping"))["type"] == "pong"


async def test_a_token_runs_out_under_an_open_socket(play: Play):
    alice = await play.person("alice")
    short, kept = await play.stranger(), await play.stranger()
    await short.greet({"token": await play.host.token(alice, ttl=1)})
    await kept.greet({"token": await play.host.token(alice, ttl=1)})
    assert (await kept.ok("refresh", token=sign(alice)))["type"] == "ok"
    assert await short.closed() == 4401
    assert (await kept.ok("ping"))["head"] == 0


async def test_refresh_takes_only_a_token_of_the_same_user(play: Play):
    _, device, bob, _ = await play.two()
    assert await device.refused("refresh", token=sign(bob)) == "bad_request"
    assert await device.refused("refresh", token="nonsense") == "bad_request"
    assert (await device.ok("ping"))["type"] == "pong"


async def test_following_is_read_page_by_page(play: Play):
    http, alice = play.host.http, await play.person("alice")
    own = bearer(sign(alice))
    stars = sorted([await play.person(f"star{number}") for number in range(7)])
    for star in stars:
        assert (await http.put(f"/v1/following/{star}", headers=own)).status_code == 204
    problem(await http.put(f"/v1/following/{play.id('nobody')}", headers=own), 404, "not_found")
    found, cursor = [], None
    while True:
        page = (await http.get("/v1/following", headers=own, params={"limit": 3, "cursor": cursor or []})).json()
        found += page["users"]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(found) == stars
    followers = (await http.get("/v1/followers", headers=bearer(sign(stars[0])))).json()
    assert followers == {"users": [alice], "next": None}
    assert (await http.delete(f"/v1/following/{stars[0]}", headers=own)).status_code == 204
    assert (await http.get("/v1/followers", headers=bearer(sign(stars[0])))).json()["users"] == []
    problem(await http.get("/v1/following", headers={"Authorization": ""}), 401, "unauthenticated")


async def test_the_host_application_keeps_its_users(play: Play):
    http, user = play.host.http, play.id("user")
    assert (await http.put(f"/v1/users/{user}", json={"name": "One"})).status_code == 201
    assert (await http.put(f"/v1/users/{user}", json={"name": "Two", "knocks": True})).status_code == 200
    device = await play.meet(await play.person("alice"))
    assert (await device.ok("profile", user=user))["name"] == "Two"
    problem(await http.put(f"/v1/users/{user}", json={"dm_policy": "friends"}), 422, "bad_request")
    problem(await http.post(f"/v1/users/{play.id('nobody')}/tokens", json={}), 404, "not_found")
    for wrong in ({"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {sign(user)}"}, {"Authorization": ""}):
        problem(await http.put(f"/v1/users/{user}", json={}, headers=wrong), 401, "unauthenticated")
    for method, path in (
        ("PUT", f"/v1/users/{user}/following/{play.id('alice')}"),
        ("POST", f"/v1/users/{user}/tokens"),
    ):
        problem(await http.request(method, path, headers={"Authorization": "Bearer x"}), 401, "unauthenticated")


async def test_operations(standing: Server):
    async with httpx.AsyncClient(base_url=standing.url) as http:
        for path in ("/healthz", "/readyz", "/metrics", "/v1/openapi.json", "/v1/asyncapi.json"):
            assert (await http.get(path)).status_code == 200, path
        assert (await http.get("/readyz")).json()["degraded"] == []
        assert (await http.get("/v1/openapi.json")).json()["openapi"].startswith("3.")
        assert (await http.get("/v1/asyncapi.json")).json()["asyncapi"].startswith("3.")
        assert "# TYPE" in (await http.get("/metrics")).text
        page = await http.get("/")
        assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html"), "the web client"
        problem(await http.get("/v1/nowhere"), 404, "not_found")
        problem(await http.delete("/v1/accounts"), 405, "method_not_allowed")


def test_a_token_by_hand(standing: Server):
    with httpx.Client(base_url=standing.url) as http:
        admin = bearer(ADMIN_KEY)
        assert http.put("/v1/users/by-hand", headers=admin, json={}).status_code == 201
        made = bussa("token", "by-hand", "--data", str(standing.folder), "--secret", SECRET)
        assert (made.returncode, made.stderr) == (0, "")
        assert http.get("/v1/following", headers=bearer(made.stdout.strip())).status_code == 200


@pytest.mark.parametrize("claims", [{"secret": "another"}, {"seconds": -1}])
async def test_a_token_of_somebody_else_s_making_is_refused(play: Play, claims: dict):
    alice = await play.person("alice")
    problem(await play.host.http.get("/v1/following", headers=bearer(sign(alice, **claims))), 401, "unauthenticated")
