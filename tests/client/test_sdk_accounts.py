"""Sign-up, log-in and following over HTTP: the requests, and the errors of problem documents."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bussa import (
    BadRequestError,
    ProtocolError,
    RateLimitedError,
    TakenError,
    UnauthenticatedError,
    UnreachableError,
    follow,
    followers,
    following,
    log_in,
    log_out_everywhere,
    sign_up,
    unfollow,
)

GRANT = {"user": "alice", "token": "t", "expires_at": 5}


class RecordingServer:
    """Records the last request, and answers each with the same response."""

    def __init__(self, status: int, answer: Any) -> None:
        self.status = status
        self.answer = answer if isinstance(answer, bytes) else json.dumps(answer).encode() if answer else b""
        self.line = ""
        self.headers: dict[str, str] = {}
        self.body: Any = None
        self.url = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.line, *lines = head.split("\r\n")
        self.headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines)}
        length = int(self.headers.get("content-length", 0))
        self.body = json.loads(await reader.readexactly(length)) if length else None
        writer.write(
            b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (self.status, len(self.answer))
        )
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def recording_server(status: int, answer: Any = None) -> AsyncIterator[RecordingServer]:
    http = RecordingServer(status, answer)
    server = await asyncio.start_server(http, "127.0.0.1", 0)
    async with server:
        http.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield http


async def test_sign_up_returns_token() -> None:
    async with recording_server(201, GRANT) as http:
        grant = await sign_up(http.url, "alice", "secret", "Alice")
    assert (grant.user, grant.token, grant.expires_at) == ("alice", "t", 5)
    assert http.line == "POST /v1/accounts HTTP/1.1"
    assert http.body == {"user": "alice", "password": "secret", "name": "Alice"}


async def test_log_in_accepts_socket_address() -> None:
    async with recording_server(200, GRANT) as http:
        await log_in(http.url.replace("http", "ws"), "alice", "secret")
    assert http.line == "POST /v1/tokens HTTP/1.1"
    assert http.body == {"user": "alice", "password": "secret"}


async def test_follow_quotes_user_in_path_and_sends_token() -> None:
    async with recording_server(204) as http:
        await follow(http.url, "t", "a:b")
        assert http.line == "PUT /v1/following/a%3Ab HTTP/1.1"
        assert http.headers["authorization"] == "Bearer t"
        await unfollow(http.url, "t", "bob")
        assert http.line == "DELETE /v1/following/bob HTTP/1.1"
        await log_out_everywhere(http.url, "t")
        assert http.line == "DELETE /v1/sessions HTTP/1.1"


async def test_followers_come_in_pages() -> None:
    async with recording_server(200, {"users": ["bob"], "next": "c"}) as http:
        page = await following(http.url, "t")
        assert (page.users, page.next) == (["bob"], "c")
        assert http.line == "GET /v1/following HTTP/1.1"
        await followers(http.url, "t", cursor="c")
        assert http.line == "GET /v1/followers?cursor=c HTTP/1.1"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (409, "taken", TakenError),
        (401, "unauthenticated", UnauthenticatedError),
        (422, "bad_request", BadRequestError),
        (429, "rate_limited", RateLimitedError),
    ],
)
async def test_problem_becomes_the_error_of_its_code(status: int, code: str, kind: type[Exception]) -> None:
    problem = {"title": "no", "status": status, "code": code, "detail": "because", "retry_after": 2.5}
    async with recording_server(status, problem) as http:
        with pytest.raises(kind, match="because") as caught:
            await log_in(http.url, "alice", "secret")
    assert caught.value.retry_after == 2.5


@pytest.mark.parametrize(
    ("status", "answer"),
    [(502, b"<html>"), (500, {"code": "unheard of", "title": "", "status": 500}), (200, b"\xff"), (200, {"user": 1})],
)
async def test_foreign_response_is_protocol_error(status: int, answer: Any) -> None:
    async with recording_server(status, answer) as http:
        with pytest.raises(ProtocolError):
            await log_in(http.url, "alice", "secret")


async def test_absent_http_server_is_unreachable() -> None:
    async with recording_server(200) as http:
        url = http.url
    with pytest.raises(UnreachableError):
        await log_in(url, "alice", "secret")
