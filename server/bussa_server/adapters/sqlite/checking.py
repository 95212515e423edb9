"""Verifies the invariants of a data folder, which must hold whatever has happened to the server."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw

from bussa_server.adapters.sqlite import database
from bussa_server.adapters.sqlite.sql import Sql

MAX_SHOWN = 20
"""Problems shown per rule."""

# Each query finds rows that must not exist; their columns fill the sentence.
_RULES: list[tuple[str, str]] = [
    (
        "the log of {} has a hole: {} events between seq {} and {}",
        """SELECT people.id, count(*), min(seq), max(seq) FROM log JOIN people ON people.key = log.owner
        GROUP BY owner HAVING count(*) <> max(seq) - min(seq) + 1""",
    ),
    (
        "the log of {} was never trimmed, but begins at seq {}",
        """SELECT people.id, min(seq) FROM log JOIN people ON people.key = log.owner
        GROUP BY owner HAVING min(seq) > 1 AND max(seq) <= 10000""",
    ),
    (
        "the conversation of {} and {} has a hole: {} messages, the last is n {}",
        """SELECT low.id, high.id, count(*), max(n) FROM messages JOIN pairs ON pairs.key = pair
        JOIN people low ON low.key = pairs.low JOIN people high ON high.key = pairs.high
        GROUP BY pair HAVING count(*) <> max(n) OR min(n) <> 1""",
    ),
    (
        "in the conversation of {} and {} message {} has a wrong count",
        """SELECT low.id, high.id, n FROM (
            SELECT pair, n, k, row_number() OVER (PARTITION BY pair, sender ORDER BY n) AS counted FROM messages
        ) JOIN pairs ON pairs.key = pair JOIN people low ON low.key = pairs.low
        JOIN people high ON high.key = pairs.high WHERE k <> counted""",
    ),
    (
        "the log of {} refers to a message (seq {}) that does not exist or is not of that user",
        """SELECT people.id, seq FROM log JOIN people ON people.key = log.owner
        LEFT JOIN messages m ON m.key = log.message LEFT JOIN pairs ON pairs.key = m.pair
        WHERE log.message IS NOT NULL AND (m.key IS NULL OR owner NOT IN (pairs.low, pairs.high))""",
    ),
    (
        "message {} of {} and {} has {} log entries, and should have one in each of the two logs",
        # A trimmed log has its messages from its oldest one on, or none; any other log has all.
        """WITH reach AS (
            SELECT owner, CASE WHEN min(seq) > 1 THEN coalesce(min(message), 1 << 62) ELSE 0 END AS first
            FROM log GROUP BY owner
        )
        SELECT m.n, low.id, high.id, count(log.seq) FROM messages m JOIN pairs ON pairs.key = m.pair
        JOIN people low ON low.key = pairs.low JOIN people high ON high.key = pairs.high
        LEFT JOIN reach one ON one.owner = pairs.low LEFT JOIN reach other ON other.owner = pairs.high
        LEFT JOIN log ON log.message = m.key
        WHERE m.key >= max(coalesce(one.first, 0), coalesce(other.first, 0))
        GROUP BY m.key HAVING count(log.seq) <> 2 OR count(DISTINCT log.owner) <> 2""",
    ),
    (
        "the log of {} has the conversation with {} out of order at seq {}",
        """SELECT people.id, peer.id, seq FROM (
            SELECT owner, peer, seq, m.n AS n, lag(m.n) OVER (PARTITION BY owner, log.peer ORDER BY seq) AS before
            FROM log JOIN messages m ON m.key = log.message
        ) JOIN people ON people.key = owner JOIN people peer ON peer.key = peer WHERE before IS NOT NULL
        AND n <> before + 1""",
    ),
    (
        "{} has read {} messages of {}, but there are fewer",
        """SELECT people.id, read, peer.id FROM sides JOIN people ON people.key = owner
        JOIN people peer ON peer.key = sides.peer
        WHERE max(read, peer_read) > coalesce((SELECT max(n) FROM messages WHERE messages.pair = sides.pair), 0)""",
    ),
]


@dataclass(frozen=True, slots=True)
class Report:
    problems: list[str]
    summary: str


def check(folder: Path) -> Report:
    """Verify all rows, in one snapshot, also while a server uses the folder. Takes about a minute per million messages.

    Raises:
        DataFolderError: there is no database, or it can't be read.
    """
    path = folder / database.FILE_NAME
    if not path.exists():
        raise database.DataFolderError(f"there is no database in {folder}")
    try:
        with closing(database.open_for_reading(path)) as connection, connection:
            problems = _find_problems(connection)
            users, conversations, messages, events = connection.execute(
                "SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM pairs WHERE key IN"
                " (SELECT pair FROM messages)), (SELECT count(*) FROM messages), (SELECT count(*) FROM log)"
            ).fetchone()
    except apsw.Error as error:
        raise database.DataFolderError(f"{path} can't be read: {error}") from error
    verdict = "OK" if not problems else "PROBLEMS FOUND"
    return Report(
        problems,
        f"{users} users, {conversations} conversations, {messages} messages, {events} events: {verdict}",
    )


def _find_problems(connection: Sql) -> list[str]:
    problems = [f"SQLite: {row[0]}" for row in connection.execute("PRAGMA integrity_check(20)").fetchall()]
    if problems == ["SQLite: ok"]:
        problems.clear()
    for sentence, query in _RULES:
        rows = connection.execute(f"{query} LIMIT {MAX_SHOWN + 1}").fetchall()
        problems += [sentence.format(*row) for row in rows[:MAX_SHOWN]]
        if len(rows) > MAX_SHOWN:
            problems.append("… and more of the same kind")
    return problems
