"""Forgetting what a log need not reach back to. Conversations keep their messages; only the log's rows go."""

from bussa_protocol.limits import LOG_RETENTION_EVENTS, LOG_RETENTION_MILLIS
from bussa_server.adapters.postgres.sql import Connection

USERS_PER_TRANSACTION = 500
"""Logs looked at in one transaction."""
ROWS_PER_TRANSACTION = 5_000
"""Rows forgotten in one transaction."""

_LOCK_ID = 0x42757374
"""The advisory lock under which one node at a time trims; the others need not do it too."""

# Both must hold for what is forgotten: older than the time, and beyond the count. The clocks of the nodes differ by
# a little, so a log's times need not ascend; it is cut off before the first row that must stay, and has no hole.
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
    """Trim the logs of the next people after the key ``after``.

    Returns how many events were forgotten, and the key to go on from; None: that was the last one, or another node
    is at it.
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
        return trimmed, after  # there may be more of these
    return trimmed, last if examined == USERS_PER_TRANSACTION else None
