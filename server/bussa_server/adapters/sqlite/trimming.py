"""Deletes log events past their retention. Conversations keep their messages; only log rows are deleted."""

from bussa_protocol.limits import LOG_RETENTION_EVENTS, LOG_RETENTION_MILLIS
from bussa_server.adapters.sqlite.sql import Sql

USERS_PER_TRANSACTION = 500
"""Logs examined in one transaction."""
ROWS_PER_TRANSACTION = 5_000
"""Rows deleted from one log in one transaction."""


def trim_some(connection: Sql, now: int, after: int) -> tuple[int, int | None]:
    """Trim the logs of the next users after the key ``after``.

    Returns the number of deleted events, and the key to continue after; None: there are no more users.
    """
    trimmed = 0
    keys: list[int] = []
    with connection:
        rows = connection.execute(
            "SELECT key FROM people WHERE key > ? ORDER BY key LIMIT ?", (after, USERS_PER_TRANSACTION)
        ).fetchall()
        keys = [row[0] for row in rows]
        for key in keys:
            removed = _trim_one(connection, key, now - LOG_RETENTION_MILLIS)
            trimmed += removed
            if removed == ROWS_PER_TRANSACTION:
                return trimmed, key - 1  # the same log may have more
    return trimmed, keys[-1] if len(keys) == USERS_PER_TRANSACTION else None


def _trim_one(connection: Sql, owner: int, since: int) -> int:
    """Delete the events of one log that are both beyond the retention count and older than ``since``."""
    beyond: int = (
        connection.execute("SELECT coalesce(max(seq), 0) FROM log WHERE owner = ?", (owner,)).get - LOG_RETENTION_EVENTS
    )
    if beyond <= 0:
        return 0
    # Cut before the first row to keep, so that the log has no hole: the times do not ascend if the clock was set back.
    first_kept: int | None = connection.execute(
        "SELECT seq FROM log WHERE owner = ? AND seq <= ? AND at >= ? ORDER BY seq LIMIT 1", (owner, beyond, since)
    ).get
    connection.execute(
        "DELETE FROM log WHERE owner = ?1 AND seq IN"
        " (SELECT seq FROM log WHERE owner = ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3)",
        (owner, beyond if first_kept is None else first_kept - 1, ROWS_PER_TRANSACTION),
    )
    return connection.changes()
