"""The composition root: the only place where ports are connected with adapters.

`Node` holds the objects of one server process. It is opened before the first request and closed after the last;
`bussa_server.serving` puts it behind a listening socket.
"""

import asyncio
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette

from bussa_server.adapters.local_bus import LocalBus
from bussa_server.adapters.postgres import DatabaseError, PostgresStore
from bussa_server.adapters.redis import RedisBus
from bussa_server.adapters.sqlite import DataFolderError, SqliteStore
from bussa_server.auth.jwks import PublishedKeys
from bussa_server.auth.passwords import Passwords
from bussa_server.auth.tokens import TokenService
from bussa_server.http import Deps, Readiness, application, static
from bussa_server.http.socket import SocketEndpoint
from bussa_server.jobs.maintenance import Maintenance
from bussa_server.jobs.runner import Runner
from bussa_server.node.admission import AdmissionControl
from bussa_server.node.commit_queue import CommitQueue
from bussa_server.node.hub import Hub
from bussa_server.node.services import Services
from bussa_server.ports.store import Unavailable
from bussa_server.settings import BadSettingError, Settings

DATABASE_SECONDS = 30.0
"""How long a starting server waits for its database: both may have been started at the same time."""


class Node:
    """All objects of one server process."""

    @classmethod
    async def open(cls, settings: Settings) -> "Node":
        """Open the store and everything above it.

        Raises:
            BadSettingError: a setting is invalid, the data folder is unusable, or the database is foreign or
                unavailable.
        """
        return cls(settings, await _store(settings))

    def __init__(self, settings: Settings, store: SqliteStore | PostgresStore) -> None:
        self._settings = settings
        self.store = store
        self._bus = _bus(settings, self.store.epoch)
        admission = AdmissionControl(
            per_user=settings.connections_per_user,
            per_address=settings.connections_per_address,
            send_limit=settings.send_limit,
        )
        self.hub = Hub(self._bus, admission.charge_remote_send)
        self.commit_queue = CommitQueue(
            self.store, self.hub.deliver, self.hub.revoke, self.hub.publish, self.hub.request_resync
        )
        self._jwks = PublishedKeys(settings.jwks_url) if settings.jwks_url else None
        tokens = TokenService(
            self.store,
            secret_of(settings),
            seconds=settings.token_seconds,
            published=self._jwks,
            audience=settings.token_audience,
            issuer=settings.token_issuer,
        )
        self._passwords = Passwords()
        services = Services(
            store=self.store,
            commit_queue=self.commit_queue,
            hub=self.hub,
            tokens=tokens,
            admission=admission,
            frame_limit=settings.frame_limit,
        )
        self.sockets = SocketEndpoint(services, settings.allowed_origins)
        self._maintenance = Maintenance(self.store, self.hub)
        self._timers = Runner(self.store, self.commit_queue.commit)
        deps = Deps(
            store=self.store,
            commit_queue=self.commit_queue,
            tokens=tokens,
            passwords=self._passwords,
            settings=settings,
            readiness=self._readiness,
        )
        self.app: Starlette = application(deps, [self.sockets.route(), *static.routes()])

    def start(self) -> None:
        """Start the periodic tasks. Call it on the event loop that serves."""
        self._maintenance.start()
        self._timers.start()
        if self._jwks is not None:
            self._jwks.start()

    def is_committing(self) -> bool:
        """Whether a command waits for its commit."""
        return self.commit_queue.busy

    async def drain(self, seconds: float) -> None:
        """Close every connection, and wait until every submitted command is answered."""
        await self.sockets.drain(seconds)
        await self.commit_queue.drain()

    async def close(self) -> None:
        await self._timers.close()
        await self._maintenance.close()
        if self._jwks is not None:
            await self._jwks.close()
        await self.commit_queue.drain()
        await self._bus.close()
        await self.store.close()
        self._passwords.close()

    async def _readiness(self) -> Readiness:
        if self.sockets.draining:
            return Readiness("draining")
        try:
            await self.store.heads(())
        except Unavailable:
            return Readiness("unavailable", ("database",))
        # Reads may work while writes fail: a full disk, a database that became a standby.
        degraded = [
            name
            for name, broken in (("writes", self.commit_queue.failing), ("redis", not self._bus.connected))
            if broken
        ]
        return Readiness("degraded", tuple(degraded)) if degraded else Readiness("ready")


async def _store(settings: Settings) -> SqliteStore | PostgresStore:
    if settings.database_url is None:
        try:
            return SqliteStore(settings.data)
        except DataFolderError as error:
            raise BadSettingError(str(error)) from error
    deadline = time.monotonic() + DATABASE_SECONDS
    while True:
        try:
            return await PostgresStore.open(settings.database_url)
        except DatabaseError as error:
            raise BadSettingError(f"--database-url: {error}") from error
        except Unavailable as error:
            if time.monotonic() > deadline:
                raise BadSettingError(f"--database-url: can't connect to the database: {error}") from error
            await asyncio.sleep(1)


def _bus(settings: Settings, epoch: str) -> LocalBus | RedisBus:
    if settings.redis_url is None:
        return LocalBus(single_node=settings.database_url is None)
    try:
        return RedisBus([url.strip() for url in settings.redis_url.split(" ") if url.strip()], epoch)
    except ValueError as error:
        raise BadSettingError(f"--redis-url: {error}") from error


def secret_of(settings: Settings) -> bytes:
    """The secret that signs tokens: the configured one, or the one in the data folder, generated on first use.

    Raises BadSettingError.
    """
    if settings.secret is not None:
        return settings.secret.encode()
    return _load_or_create_secret(settings.data / "secret", lambda: secrets.token_hex(32))


def _load_or_create_secret(path: Path, make: Callable[[], str]) -> bytes:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            # Atomic: a server killed here must not leave a partial secret behind.
            fresh = path.with_suffix(".new")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(make())
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, path)
        secret = path.read_bytes().strip()
    except OSError as error:
        raise BadSettingError(f"can't read or create the secret in {path}: {error.strerror}") from error
    if not secret:
        raise BadSettingError(
            f"the secret in {path} is empty: delete the file to generate a new one, which invalidates every token"
        )
    return secret
