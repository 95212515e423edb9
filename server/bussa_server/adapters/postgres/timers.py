"""Claiming timers that are due, each by one node."""

from collections.abc import Sequence

from bussa_server.adapters.postgres.sql import Connection
from bussa_server.adapters.postgres.tables import row_from_record, select_list
from bussa_server.domain.rows import ROWS
from bussa_server.domain.timers import Timer
from bussa_server.ports.timers import ClaimedTimers

_TABLE = ROWS[Timer]
# SKIP LOCKED: what another node claims at this moment, or runs, is left to it.
_CLAIM = f"""
WITH claimed AS MATERIALIZED (
    SELECT kind AS its_kind, key AS its_key FROM timers WHERE due <= $2 AND held_until <= $2 AND kind = ANY ($1::text[])
    ORDER BY due LIMIT $4 FOR UPDATE SKIP LOCKED
)
UPDATE timers SET held_until = $3 FROM claimed WHERE kind = its_kind AND key = its_key RETURNING {select_list(_TABLE)}
"""
_NEXT_DUE = "SELECT due FROM timers WHERE due > $2 AND kind = ANY ($1::text[]) ORDER BY due LIMIT 1"


async def claim_timers(connection: Connection, kinds: Sequence[str], now: int, until: int, limit: int) -> ClaimedTimers:
    rows = [row_from_record(_TABLE, record) for record in await connection.fetch(_CLAIM, kinds, now, until, limit)]
    next_due: int | None = await connection.fetchval(_NEXT_DUE, kinds, now)
    return ClaimedTimers(
        sorted((timer for timer in rows if isinstance(timer, Timer)), key=lambda timer: timer.due), next_due
    )
