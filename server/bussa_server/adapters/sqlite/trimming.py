"""Forgetting what a log need not reach back to. Conversations keep their messages; only the log's rows go."""

from bussa_protocol.limits import LOG_EVENTS, LOG_MILLIS
from bussa_server.adapters.sqlite.sql import Sql

PEOPLE = 500
"""Logs looked at in one transaction."""
ROWS = 5_000
"""Rows forgotten of one log in one transaction."""


def trim_some(connection: Sql, now: int, after: int) -> tuple[int, int | None]:
    """Trim the logs of the next people after the key ``after``.

    Returns how many events were forgotten, and the key to go on from; None: that was the last one.
    """
    forgotten = 0
    keys: list[int] = []
    with connection:
        rows = connection.execute(
            "SELECT key FROM people WHERE key > ? ORDER BY key LIMIT ?", (after, PEOPLE)
        ).fetchall()
        keys = [row[0] for row in rows]
        for key in keys:
            removed = _trim_one(connection, key, now - LOG_MILLIS)
            forgotten += removed
            if removed == ROWS:
                return forgotten, key - 1  # there may be more of this one
    return forgotten, keys[-1] if len(keys) == PEOPLE else None


def _trim_one(connection: Sql, owner: int, since: int) -> int:
    """Both must hold for what is forgotten: beyond the count, and older than ``since``."""
    beyond: int = connection.execute("SELECT coalesce(max(seq), 0) FROM log WHERE owner = ?", (owner,)).get - LOG_EVENTS
    if beyond <= 0:
        return 0
    # And nothing behind what stays, for a log has no holes: where the clock was set back, an old time may follow a
    # younger one.
    stays: int | None = connection.execute(
        "SELECT seq FROM log WHERE owner = ? AND seq <= ? AND at >= ? ORDER BY seq LIMIT 1", (owner, beyond, since)
    ).get
    connection.execute(
        "DELETE FROM log WHERE owner = ?1 AND seq IN"
        " (SELECT seq FROM log WHERE owner = ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3)",
        (owner, beyond if stays is None else stays - 1, ROWS),
    )
    return connection.changes()
