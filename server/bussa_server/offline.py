"""The commands that work on a data folder or a database directly, with or without a running server."""

import asyncio
import time
from pathlib import Path

from bussa_server.adapters.postgres import DatabaseError
from bussa_server.adapters.postgres import new_epoch as begin_epoch
from bussa_server.adapters.sqlite import checking, database
from bussa_server.app import secret_of
from bussa_server.auth.jwt import issue
from bussa_server.ports.store import Unavailable
from bussa_server.settings import BadSettingError, Settings


def token_for(settings: Settings, user: str, ttl: int) -> str:
    """A token for ``user``. Raises BadSettingError (unknown user), DataFolderError."""
    revoked_at = database.revoked_at(settings.data, user)
    if revoked_at is None:
        raise BadSettingError(f"unknown user {user!r} in {settings.data}")
    secret = secret_of(settings)
    return issue(
        user,
        secret,
        ttl,
        time.time_ns() // 1_000_000,
        revoked_at,
        audience=settings.token_audience,
        issuer=settings.token_issuer,
    )[0]


def new_epoch(database_url: str) -> str:
    """Begin a new epoch in a restored PostgreSQL database. Returns the epoch. Raises BadSettingError."""
    try:
        return asyncio.run(begin_epoch(database_url))
    except (DatabaseError, Unavailable) as error:
        raise BadSettingError(f"--database-url: {error}") from error


def check(folder: Path) -> checking.Report:
    """Verify a data folder. Raises DataFolderError."""
    return checking.check(folder)


def back_up(folder: Path, destination: Path) -> None:
    """Copy the database of ``folder`` into a new file. Raises DataFolderError."""
    database.back_up(folder, destination)
