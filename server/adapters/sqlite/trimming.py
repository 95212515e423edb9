"""Forgetting what a log need not reach back to. Conversations keep their messages; only the log's rows go."""

from protocol.limits import LOG_EVENTS, LOG_MILLIS
from server.adapters.sqlite.sql import Sql

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
            # Both must hold for what is forgotten: older than the time, and beyond the count.
            connection.execute(
                """DELETE FROM log WHERE owner = ?1 AND seq IN (
                    SELECT seq FROM log WHERE owner = ?1 AND at < ?2
                    AND seq <= (SELECT max(seq) FROM log WHERE owner = ?1) - ?3 ORDER BY seq LIMIT ?4)""",
                (key, now - LOG_MILLIS, LOG_EVENTS, ROWS),
            )
            removed = connection.changes()
            forgotten += removed
            if removed == ROWS:
                return forgotten, key - 1  # there may be more of this one
    return forgotten, keys[-1] if len(keys) == PEOPLE else None
