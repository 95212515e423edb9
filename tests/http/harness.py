"""The HTTP interface in memory: real routes, commit queue and handlers, no socket."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from argon2 import PasswordHasher

from bussa_server.auth.passwords import Passwords
from bussa_server.auth.tokens import TokenService
from bussa_server.http import Deps, Readiness, application
from bussa_server.node.commit_queue import CommitQueue
from bussa_server.settings import Settings
from tests.memory_store import MemoryStore

SECRET = b"a secret of thirty-two bytes, or so"
ADMIN = "the admin's key, città"
PROBLEM = "application/problem+json"


class Clock:
    """Stands still unless the test sets it. Starts at the wall clock, which the commit queue reads."""

    def __init__(self) -> None:
        self.ms = time.time_ns() // 1_000_000

    def __call__(self) -> int:
        return self.ms


class CountingHasher(PasswordHasher):
    """A hasher with the cheapest parameters, which records the hashes it verifies against."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.compared: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:
        self.compared.append(str(hash))
        return super().verify(hash, password)


class Harness:
    def __init__(
        self,
        *,
        passwords: Passwords | None = None,
        readiness: Callable[[], Awaitable[Readiness]] | None = None,
        **settings: Any,
    ) -> None:
        self.settings = Settings(**{"admin_key": ADMIN, "login_rate": 0.0} | settings)
        self.store = MemoryStore()
        self.clock = Clock()
        self.revoked: list[tuple[str, int]] = []
        self.hasher = CountingHasher()
        self.passwords = passwords or Passwords(self.hasher)
        self.commit_queue = CommitQueue(
            self.store, lambda *_: None, lambda *revoked: self.revoked.append(revoked), lambda: None
        )
        self.tokens = TokenService(self.store, SECRET, seconds=self.settings.token_seconds, now=self.clock)
        self.deps = Deps(
            store=self.store,
            commit_queue=self.commit_queue,
            tokens=self.tokens,
            passwords=self.passwords,
            settings=self.settings,
            readiness=readiness or self._ready,
        )
        self.app = application(self.deps)
        self.http = self.client("203.0.113.7")

    def client(self, address: str) -> httpx.AsyncClient:
        """A client with the address ``address``."""
        transport = httpx.ASGITransport(self.app, client=(address, 40_000))
        return httpx.AsyncClient(transport=transport, base_url="http://bussa.test")

    async def _ready(self) -> Readiness:
        return Readiness("ready")

    async def sign_up(self, user: str, password: str = "open sesame") -> dict[str, str]:
        """Sign up a user; returns the authorization header."""
        answer = await self.http.post("/v1/accounts", json={"user": user, "password": password})
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    async def close(self) -> None:
        await self.http.aclose()
        await self.commit_queue.drain()
        self.passwords.close()


AS_ADMIN = {"Authorization": f"Bearer {ADMIN}".encode()}


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Assert that ``answer`` is the problem (RFC 9457) with this status and code; returns its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["status"] == status
    assert body["code"] == code
    assert body["title"]
    assert ("retry-after" in answer.headers) == ("retry_after" in body)
    return body
