"""Forgetting what a log need not reach back to. Conversations keep their messages; only the log's rows go."""

from bussa_protocol.limits import LOG_RETENTION_EVENTS, LOG_RETENTION_MILLIS
from bussa_server.adapters.sqlite.sql import Sql

USERS_PER_TRANSACTION = 500
"""Logs looked at in one transaction."""
ROWS_PER_TRANSACTION = 5_000
"""Rows forgotten of one log in one transaction."""


def trim_some(connection: Sql, now: int, after: int) -> tuple[int, int | None]:
    """Trim the logs of the next people after the key ``after``.

    Returns how many events were forgotten, and the key to go on from; None: that was the last one.
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
                return trimmed, key - 1  # there may be more of this one
    return trimmed, keys[-1] if len(keys) == USERS_PER_TRANSACTION else None


def _trim_one(connection: Sql, owner: int, since: int) -> int:
    """Both must hold for what is forgotten: beyond the count, and older than ``since``."""
    beyond: int = (
        connection.execute("SELECT coalesce(max(seq), 0) FROM log WHERE owner = ?", (owner,)).get - LOG_RETENTION_EVENTS
    )
    if beyond <= 0:
        return 0
    # And nothing behind what stays, for a log has no holes: where the clock was set back, an old time may follow a
    # younger one.
    first_kept: int | None = connection.execute(
        "SELECT seq FROM log WHERE owner = ? AND seq <= ? AND at >= ? ORDER BY seq LIMIT 1", (owner, beyond, since)
    ).get
    connection.execute(
        "DELETE FROM log WHERE owner = ?1 AND seq IN"
        " (SELECT seq FROM log WHERE owner = ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3)",
        (owner, beyond if first_kept is None else first_kept - 1, ROWS_PER_TRANSACTION),
    )
    return connection.changes()
