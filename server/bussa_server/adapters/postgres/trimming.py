"""Deletes log events past their retention. Conversations keep their messages; only log rows are deleted."""

from bussa_protocol.limits import LOG_RETENTION_EVENTS, LOG_RETENTION_MILLIS
from bussa_server.adapters.postgres.sql import Connection

USERS_PER_TRANSACTION = 500
"""Logs examined in one transaction."""
ROWS_PER_TRANSACTION = 5_000
"""Rows deleted in one transaction."""

_LOCK_ID = 0x42757374
"""The advisory lock of trimming: one node at a time, the others skip it."""

# An event is deleted if it is both older than the retention time and beyond the retention count. The nodes' clocks
# differ a little, so the times of a log need not ascend. It is cut before the first row to keep, so it has no hole.
_TRIM = """
WITH chosen AS MATERIALIZED (
    SELECT key, head FROM people WHERE key > $1 AND (SELECT pg_try_advisory_xact_lock($2)) ORDER BY key LIMIT $3
), long AS (
    SELECT key, head - $4 AS last FROM chosen
    WHERE EXISTS (SELECT FROM log WHERE owner = chosen.key AND seq <= chosen.head - $4)
), ends AS (
    SELECT key, least(last, (SELECT seq FROM log WHERE owner = key AND at >= $5 ORDER BY seq LIMIT 1) - 1) AS last
    FROM long
), doomed AS (
    SELECT log.owner, log.seq FROM ends JOIN log ON log.owner = ends.key AND log.seq <= ends.last LIMIT $6
), forgotten AS (
    DELETE FROM log USING doomed WHERE log.owner = doomed.owner AND log.seq = doomed.seq RETURNING 1
)
SELECT (SELECT count(*) FROM forgotten), (SELECT max(key) FROM chosen), (SELECT count(*) FROM chosen)
"""


async def trim_some(connection: Connection, now: int, after: int) -> tuple[int, int | None]:
    """Trim the logs of the next users after the key ``after``.

    Returns the number of deleted events, and the key to continue after; None: there are no more users, or another
    node is trimming.
    """
    row = await connection.fetchrow(
        _TRIM,
        after,
        _LOCK_ID,
        USERS_PER_TRANSACTION,
        LOG_RETENTION_EVENTS,
        now - LOG_RETENTION_MILLIS,
        ROWS_PER_TRANSACTION,
    )
    trimmed, last, examined = row
    if trimmed == ROWS_PER_TRANSACTION:
        return trimmed, after  # the same users may have more
    return trimmed, last if examined == USERS_PER_TRANSACTION else None
