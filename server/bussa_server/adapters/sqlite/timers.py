"""Claiming timers that are due, on the writing thread."""

from collections.abc import Sequence

from bussa_server.adapters.sqlite.sql import Sql
from bussa_server.adapters.sqlite.tables import row_from_values, select_list
from bussa_server.domain.rows import ROWS
from bussa_server.domain.timers import Timer
from bussa_server.ports.timers import ClaimedTimers

_TABLE = ROWS[Timer]
_OF_KINDS = "kind IN (SELECT value FROM json_each(?1))"
# A claim is for the time being: whoever finds nothing due has written nothing, and no disk is waited for.
_CLAIM = f"""
UPDATE timers SET held_until = ?3 WHERE (kind, key) IN (
    SELECT kind, key FROM timers WHERE due <= ?2 AND held_until <= ?2 AND {_OF_KINDS} ORDER BY due LIMIT ?4
) RETURNING {select_list(_TABLE)}
"""
_NEXT_DUE = f"SELECT due FROM timers WHERE due > ?2 AND {_OF_KINDS} ORDER BY due LIMIT 1"


def claim_timers(connection: Sql, kinds: str, now: int, until: int, limit: int) -> ClaimedTimers:
    """``kinds`` is a JSON array."""
    with connection:
        rows = connection.execute(_CLAIM, (kinds, now, until, limit)).fetchall()
        next_due: int | None = connection.execute(_NEXT_DUE, (kinds, now)).get
    return ClaimedTimers(_timers(rows), next_due)


def _timers(rows: Sequence[Sequence[object]]) -> list[Timer]:
    timers = [row_from_values(_TABLE, values) for values in rows]
    return sorted((timer for timer in timers if isinstance(timer, Timer)), key=lambda timer: timer.due)
