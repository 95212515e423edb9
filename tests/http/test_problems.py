"""Any request gets a response of the contract: unknown paths, methods, invalid bodies, an unavailable store."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bussa_protocol.limits import FRAME
from bussa_server import telemetry
from tests.http.harness import AS_ADMIN, Harness, is_problem


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v1/accounts/", "//v1/accounts", "/v1/following/a/b", "/v2/tokens"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_unknown_path_is_a_problem(harness: Harness, method: str, path: str) -> None:
    is_problem(await harness.http.request(method, path), 404, "not_found")


PATHS = {
    "/v1/accounts": "OPTIONS, POST",
    "/v1/tokens": "OPTIONS, POST",
    "/v1/sessions": "DELETE, OPTIONS",
    "/v1/following": "GET, HEAD, OPTIONS",
    "/v1/followers": "GET, HEAD, OPTIONS",
    "/v1/following/bob": "DELETE, OPTIONS, PUT",
    "/v1/users/bob": "OPTIONS, PUT",
    "/v1/users/bob/tokens": "OPTIONS, POST",
    "/v1/users/bob/following/eve": "DELETE, OPTIONS, PUT",
    "/healthz": "GET, HEAD, OPTIONS",
    "/readyz": "GET, HEAD, OPTIONS",
    "/metrics": "GET, HEAD, OPTIONS",
    "/v1/openapi.json": "GET, HEAD, OPTIONS",
    "/v1/asyncapi.json": "GET, HEAD, OPTIONS",
}


@pytest.mark.parametrize(("path", "allow"), PATHS.items())
async def test_allow_header_names_the_methods(harness: Harness, path: str, allow: str) -> None:
    options = await harness.http.options(path)
    assert (options.status_code, options.headers["allow"]) == (204, allow)
    assert "access-control-allow-origin" not in options.headers
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"} - {*allow.split(", ")}:
        answer = await harness.http.request(method, path, headers=AS_ADMIN)
        is_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allow


async def test_head_is_get_without_a_body(harness: Harness) -> None:
    get, head = await harness.http.get("/healthz"), await harness.http.head("/healthz")
    assert (head.status_code, head.headers) == (200, get.headers)


# Bodies.

BODIES = [("POST", "/v1/accounts"), ("POST", "/v1/tokens"), ("PUT", "/v1/users/bob"), ("POST", "/v1/users/bob/tokens")]


@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_oversized_content_length_is_refused_unread(harness: Harness, method: str, path: str) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    for length in (FRAME + 1, 10**30):
        headers = AS_ADMIN | {"Content-Length": str(length)}
        answer = await harness.http.request(method, path, headers=headers, content=body())
        is_problem(answer, 413, "too_large")
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_chunked_body_is_read_up_to_the_limit(harness: Harness, method: str, path: str) -> None:
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 4096
        return {"type": "http.request", "body": b" " * 4096, "more_body": True}

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", AS_ADMIN["Authorization"]), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b"", "client": None}
    await harness.app(scope, receive, send)
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["code"] == "too_large"
    assert read <= FRAME + 2 * 4096


async def test_largest_body_is_accepted(harness: Harness) -> None:
    body = json.dumps({"user": "alice", "password": "p"}).encode()
    for padding, status in ((FRAME - len(body), 201), (FRAME - len(body) + 1, 413)):
        answer = await harness.http.post("/v1/accounts", content=body + b" " * padding)
        assert answer.status_code == status


async def test_body_times_out(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    monkeypatch.setattr("bussa_server.http.request_parsing.BODY_SECONDS", 0.0)
    answer = await harness.http.post("/v1/tokens", content=body())
    is_problem(answer, 408, "bad_request")
    assert answer.headers["connection"] == "close"


async def test_disconnect_during_a_body_is_no_defect(harness: Harness) -> None:
    defects = _defects()
    messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": "/v1/tokens", "headers": [], "query_string": b"", "client": None}
    await harness.app(scope, receive, send)
    assert messages == []
    assert _defects() == defects


@pytest.mark.parametrize(("method", "path"), BODIES)
@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        b"{",
        b"{}{}",
        b'"text"',
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"user": "\xff", "name": "\xff", "ttl": "\xff"}',
        b'{"user": "\\ud800"}',
        b"\x00",
        b"[" * 5000,
        b'{"a":' * 5000,
        b'{"user": 1e999, "name": 1e999, "ttl": 1e999}',
        b"\xef\xbb\xbf{}",
        b'{"user": 1, "ttl": "x", "name": 1}',
    ],
)
async def test_invalid_body_is_refused(harness: Harness, method: str, path: str, body: bytes) -> None:
    await harness.http.put("/v1/users/bob", headers=AS_ADMIN)
    answer = await harness.http.request(method, path, headers=AS_ADMIN, content=body)
    is_problem(answer, 422, "bad_request")


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "user": st.text(max_size=70) | st.sampled_from(["alice", "bob"]),
        "password": st.text(max_size=8) | st.none() | st.integers(),
        "name": st.text(max_size=101) | st.none(),
        "ttl": st.integers() | st.floats() | st.none(),
        "dm_policy": st.sampled_from(["anyone", "nobody"]) | st.text(max_size=8),
        "knocks": st.booleans() | st.integers(),
    },
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    call=st.sampled_from(BODIES),
    body=st.binary(max_size=200) | FIELDS.map(lambda fields: json.dumps(fields).encode()),
)
async def test_arbitrary_body_gets_a_documented_response(harness: Harness, call: tuple[str, str], body: bytes) -> None:
    defects = _defects()
    method, path = call
    answer = await harness.http.request(method, path, headers=AS_ADMIN, content=body)
    if answer.status_code not in (200, 201):
        assert 400 <= answer.status_code < 500
        is_problem(answer, answer.status_code, answer.json()["code"])
    assert _defects() == defects


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"]),
    path=st.sampled_from(["/v1/following/", "/v1/users/", "/v1/users/bob/following/", "/"]),
    rest=st.text(max_size=80),
    query=st.binary(max_size=40),
    authorization=st.binary(max_size=80),
)
async def test_arbitrary_request_gets_a_documented_response(
    harness: Harness, method: str, path: str, rest: str, query: bytes, authorization: bytes
) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path + rest,
        "query_string": query,
        "headers": [(b"authorization", b"Bearer " + authorization)],
        "client": ("", 0),
    }
    await harness.app(scope, receive, send)
    assert 400 <= sent[0]["status"] < 500


# The store.

STORE_CALLS = [
    ("POST", "/v1/accounts", {"user": "new", "password": "p"}),
    ("POST", "/v1/tokens", {"user": "alice", "password": "p"}),
    ("DELETE", "/v1/sessions", None),
    ("PUT", "/v1/following/bob", None),
    ("DELETE", "/v1/following/bob", None),
    ("GET", "/v1/following", None),
    ("GET", "/v1/followers", None),
    ("PUT", "/v1/users/bob", {}),
    ("PUT", "/v1/users/alice/following/bob", None),
    ("DELETE", "/v1/users/alice/following/bob", None),
    ("POST", "/v1/users/bob/tokens", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), STORE_CALLS)
async def test_unavailable_store_is_answered_and_recovers(
    harness: Harness, method: str, path: str, body: object
) -> None:
    alice = await harness.sign_up("alice", "p")
    await harness.sign_up("bob")
    headers = AS_ADMIN if "/users/" in path else alice

    async def call() -> httpx.Response:
        return await harness.http.request(method, path, headers=headers, json=body)

    harness.store.unavailable = True
    is_problem(await call(), 503, "unavailable")
    harness.store.unavailable = False
    assert (await call()).status_code < 300


async def test_internal_error_is_logged_and_hidden_from_the_client(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = await harness.sign_up("alice")

    async def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(harness.store, "follows", breaks)
    before = _defects()
    answer = await harness.http.get("/v1/following", headers=header)
    is_problem(answer, 500, "internal")
    assert "secret" not in answer.text
    assert _defects() == before + 1


async def test_faulted_command_is_unavailable(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    header = await harness.sign_up("alice")

    def breaks(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("tests.memory_store.handle", breaks)
    is_problem(await harness.http.put("/v1/following/bob", headers=header), 503, "unavailable")


def _defects() -> float:
    lines = telemetry.metrics().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("bussa_defects_total{"))
