"""The full-text index: FTS5 over words normalised by `domain.tokenizer`.

Each word has a token `USER:word` for each of the two users. So a search scans only what the user has written and
received, and can't find anything else. Messages are indexed some time after their commit, in chunks, when the writer
thread is idle: a send never waits for the index. A search first waits until the index has caught up.
"""

from bussa_protocol.frames import parts
from bussa_server.adapters.sqlite.reading import messages_by_row_id
from bussa_server.adapters.sqlite.sql import Sql
from bussa_server.lib.tokenizer import tokenize
from bussa_server.ports.store import MessagePage, parse_cursor, take_page

CHUNK = 256
"""Messages indexed in one transaction: some milliseconds, which a commit may have to wait."""

_NEXT = """
SELECT m.key, m.text, pairs.low, pairs.high, pairs.key FROM messages m JOIN pairs ON pairs.key = m.pair
WHERE m.key > ? ORDER BY m.key LIMIT ?
"""
# Messages of blocked users are skipped before a page is counted, so that every page but the last is full.
_SEARCH = """
SELECT words.rowid FROM words JOIN messages m ON m.key = words.rowid
LEFT JOIN sides ON sides.owner = ? AND sides.peer = m.sender
WHERE words MATCH ? AND words.rowid < ? AND coalesce(sides.blocked, 0) = 0
ORDER BY words.rowid DESC LIMIT ?
"""


def last_indexed(connection: Sql) -> int:
    """The key of the newest indexed message."""
    return connection.execute("SELECT value FROM meta WHERE name = 'indexed'").get or 0


def index_some(connection: Sql) -> int:
    """Index the next messages, in one transaction; returns the key of the newest one indexed."""
    # No fsync: the index can be rebuilt from the messages.
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        with connection:
            done = last_indexed(connection)
            # Bounded by characters too, because long texts take long.
            rows, _ = take_page(connection.execute(_NEXT, (done, CHUNK)), lambda row: len(row[1]), CHUNK)
            if not rows:
                return done
            connection.executemany(
                "INSERT INTO words (rowid, tokens) VALUES (?, ?)",
                [
                    (key, _tokens(text, low, high, conversation_row_id))
                    for key, text, low, high, conversation_row_id in rows
                ],
            )
            done = rows[-1][0]
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('indexed', ?)", (done,))
            return done
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def _tokens(text: str, low: int, high: int, conversation_row_id: int) -> str:
    found = tokenize(text)
    tokens = [f"~{conversation_row_id}"]
    for user in (low, high):
        tokens += [f"{user}:{word}" for word in found]
    return " ".join(tokens)


def search(
    connection: Sql, user: str, query: list[str], peer: str | None, before: str | None, limit: int
) -> MessagePage | None:
    key = connection.execute("SELECT key FROM people WHERE id = ?", (user,)).get
    terms = [f'"{key}:{word}" *' for word in query]
    if peer is not None:
        conversation_row_id = connection.execute(
            "SELECT pair FROM sides WHERE owner = ? AND peer = (SELECT key FROM people WHERE id = ?)"
            " AND folder IS NOT NULL",
            (key, peer),
        ).get
        if conversation_row_id is None:
            return None
        terms.append(f'"~{conversation_row_id}"')
    rows = connection.execute(_SEARCH, (key, " AND ".join(terms), parse_cursor(before), limit + 1)).fetchall()
    keys = [row[0] for row in rows]
    hits: list[parts.Message] = messages_by_row_id(connection, user, keys[:limit])
    page, _ = take_page(hits, lambda hit: len(hit.text), limit)
    more = len(keys) > len(page)
    shown = [hit for hit in page if not hit.hidden]
    return MessagePage(shown, more, str(keys[len(page) - 1]) if more else None)
