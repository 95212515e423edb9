"""The HTTP API: accounts, tokens, following, users; and its effects on open sockets."""

import asyncio
import time

import httpx
import pytest

from tests.e2e.server_process import ADMIN_KEY, SECRET, Server, run_cli, sign_token
from tests.e2e.session import Session

PROBLEM = "application/problem+json"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith(PROBLEM)
    assert answer.json()["code"] == code
    assert answer.json()["status"] == status


async def test_sign_up_and_log_in_give_working_tokens(session: Session):
    http, alice, bob = session.host.http, session.id("alice"), await session.create_user("bob")
    account = {"user": alice, "password": "open sesame", "name": "Alice"}
    answer = await http.post("/v1/accounts", json=account)
    assert answer.status_code == 201
    grant = answer.json()
    assert grant["user"] == alice
    assert grant["expires_at"] > time.time() * 1000
    assert_problem(await http.post("/v1/accounts", json=account), 409, "taken")
    assert_problem(await http.post("/v1/accounts", json={"user": "a b", "password": "x"}), 422, "bad_request")
    assert_problem(await http.post("/v1/accounts", json={"user": session.id("x")}), 422, "bad_request")
    assert_problem(await http.post("/v1/tokens", json={"user": alice, "password": "wrong"}), 401, "unauthenticated")
    assert_problem(
        await http.post("/v1/tokens", json={"user": session.id("x"), "password": "x"}), 401, "unauthenticated"
    )
    answer = await http.post("/v1/tokens", json={"user": alice, "password": "open sesame"})
    assert answer.status_code == 200
    for token in (grant["token"], answer.json()["token"]):
        device = await session.connect_unauthenticated()
        await device.handshake({"token": token})
        await device.send(bob, "ciao")
    assert (await (await session.connect(bob)).ok("profile", user=alice))["name"] == "Alice"


async def test_log_out_closes_all_sockets_and_revokes_all_tokens(session: Session):
    alice, bob = await session.create_user("alice"), await session.create_user("bob")
    token = sign_token(alice)
    devices = [await session.connect(alice) for _ in range(5)]
    witness = await session.connect(bob)
    silent = await session.connect_unauthenticated({"Authorization": f"Bearer {token}"})
    answer = await session.host.http.delete("/v1/sessions", headers=bearer(token))
    assert answer.status_code == 204
    assert await asyncio.gather(*(device.wait_closed() for device in devices)) == [4401] * 5
    await silent.send_frame({"type": "hello"})
    assert await silent.wait_closed() == 4401
    assert_problem(await session.host.http.get("/v1/following", headers=bearer(token)), 401, "unauthenticated")
    again = await session.connect_unauthenticated()
    await again.send_frame({"type": "hello", "token": token})
    assert await again.wait_closed() == 4401
    reconnected = await session.connect_unauthenticated()
    await reconnected.handshake({"token": await session.host.token(alice)})
    assert (await witness.ok("ping"))["type"] == "pong"


async def test_expired_token_closes_the_socket_unless_refreshed(session: Session):
    alice = await session.create_user("alice")
    kept, short = await session.connect_unauthenticated(), await session.connect_unauthenticated()
    await kept.handshake({"token": await session.host.token(alice, ttl=1)})
    await short.handshake({"token": await session.host.token(alice, ttl=2)})
    assert (await kept.ok("refresh", token=sign_token(alice)))["type"] == "ok"
    assert await short.wait_closed() == 4401
    # The first token of `kept` has been expired for a second.
    assert (await kept.ok("ping"))["head"] == 0


async def test_refresh_refuses_another_users_token(session: Session):
    _, device, bob, _ = await session.two_users()
    assert await device.error_code("refresh", token=sign_token(bob)) == "bad_request"
    assert await device.error_code("refresh", token="nonsense") == "bad_request"
    assert (await device.ok("ping"))["type"] == "pong"


async def test_following_is_paged(session: Session):
    http, alice = session.host.http, await session.create_user("alice")
    own = bearer(sign_token(alice))
    stars = sorted([await session.create_user(f"star{number}") for number in range(7)])
    for star in stars:
        assert (await http.put(f"/v1/following/{star}", headers=own)).status_code == 204
    assert_problem(await http.put(f"/v1/following/{session.id('nobody')}", headers=own), 404, "not_found")
    found, cursor = [], None
    while True:
        page = (await http.get("/v1/following", headers=own, params={"limit": 3, "cursor": cursor or []})).json()
        found += page["users"]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(found) == stars
    followers = (await http.get("/v1/followers", headers=bearer(sign_token(stars[0])))).json()
    assert followers == {"users": [alice], "next": None}
    assert (await http.delete(f"/v1/following/{stars[0]}", headers=own)).status_code == 204
    assert (await http.get("/v1/followers", headers=bearer(sign_token(stars[0])))).json()["users"] == []
    assert_problem(await http.get("/v1/following", headers={"Authorization": ""}), 401, "unauthenticated")


async def test_host_application_manages_users(session: Session):
    http, user = session.host.http, session.id("user")
    assert (await http.put(f"/v1/users/{user}", json={"name": "One"})).status_code == 201
    assert (await http.put(f"/v1/users/{user}", json={"name": "Two", "knocks": True})).status_code == 200
    device = await session.connect(await session.create_user("alice"))
    assert (await device.ok("profile", user=user))["name"] == "Two"
    assert_problem(await http.put(f"/v1/users/{user}", json={"dm_policy": "friends"}), 422, "bad_request")
    assert_problem(await http.post(f"/v1/users/{session.id('nobody')}/tokens", json={}), 404, "not_found")
    for wrong in (
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {sign_token(user)}"},
        {"Authorization": ""},
    ):
        assert_problem(await http.put(f"/v1/users/{user}", json={}, headers=wrong), 401, "unauthenticated")
    for method, path in (
        ("PUT", f"/v1/users/{user}/following/{session.id('alice')}"),
        ("POST", f"/v1/users/{user}/tokens"),
    ):
        assert_problem(await http.request(method, path, headers={"Authorization": "Bearer x"}), 401, "unauthenticated")


async def test_operations_endpoints_respond(server: Server):
    async with httpx.AsyncClient(base_url=server.url) as http:
        for path in ("/healthz", "/readyz", "/metrics", "/v1/openapi.json", "/v1/asyncapi.json"):
            assert (await http.get(path)).status_code == 200, path
        assert (await http.get("/readyz")).json()["degraded"] == []
        assert (await http.get("/v1/openapi.json")).json()["openapi"].startswith("3.")
        assert (await http.get("/v1/asyncapi.json")).json()["asyncapi"].startswith("3.")
        assert "# TYPE" in (await http.get("/metrics")).text
        page = await http.get("/")
        assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html"), "the web client"
        assert_problem(await http.get("/v1/nowhere"), 404, "not_found")
        assert_problem(await http.delete("/v1/accounts"), 405, "method_not_allowed")


def test_cli_token_authenticates(server: Server):
    with httpx.Client(base_url=server.url) as http:
        admin = bearer(ADMIN_KEY)
        assert http.put("/v1/users/by-hand", headers=admin, json={}).status_code == 201
        made = run_cli("token", "by-hand", "--data", str(server.folder), "--secret", SECRET)
        assert (made.returncode, made.stderr) == (0, "")
        assert http.get("/v1/following", headers=bearer(made.stdout.strip())).status_code == 200


@pytest.mark.parametrize("claims", [{"secret": "another"}, {"seconds": -1}])
async def test_forged_or_expired_token_is_refused(session: Session, claims: dict):
    alice = await session.create_user("alice")
    assert_problem(
        await session.host.http.get("/v1/following", headers=bearer(sign_token(alice, **claims))),
        401,
        "unauthenticated",
    )
