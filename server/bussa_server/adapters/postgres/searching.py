"""The full-text index: a GIN index over words normalised by `domain.tokenizer`; no dictionary, no extension.

Each word has a lexeme `USER:word` for each of the two users. So a search scans only what the user has written and
received, and can't find anything else.
"""

from bussa_server.adapters.postgres.reading import message
from bussa_server.adapters.postgres.sql import Connection, id_or_none
from bussa_server.ports.store import MessagePage, parse_cursor, take_page

_SEARCHER = """
SELECT me.key, peer.key, sides.folder IS NOT NULL FROM people me LEFT JOIN people peer ON peer.id = $2
LEFT JOIN sides ON sides.owner = me.key AND sides.peer = peer.key WHERE me.id = $1
"""
# Messages of blocked users are skipped before a page is counted, so that every page but the last is full.
_SEARCH = """
SELECT hit.key, peer.id, coalesce(sides.blocked, false), m.n, m.sender, m.text, m.at, m.reply_to FROM (
    SELECT * FROM words WHERE tokens @@ $1::text::tsquery AND key < $2
    AND ($3::bigint IS NULL OR $3 IN (low, high))
    AND NOT EXISTS (SELECT FROM sides WHERE owner = $4 AND peer = words.sender AND blocked)
    ORDER BY key DESC LIMIT $5
) hit JOIN messages m ON m.low = hit.low AND m.high = hit.high AND m.n = hit.n
JOIN people peer ON peer.key = hit.low + hit.high - $4
LEFT JOIN sides ON sides.owner = $4 AND sides.peer = peer.key ORDER BY hit.key DESC
"""


async def search(
    connection: Connection, user: str, query: list[str], peer: str | None, before: str | None, limit: int
) -> MessagePage | None:
    below = parse_cursor(before)
    searcher = await connection.fetchrow(_SEARCHER, id_or_none(user), id_or_none(peer))
    if searcher is None or (peer is not None and not searcher[2]):
        return None if peer is not None else MessagePage((), False)
    key, peer_key, _ = searcher
    tsquery = " & ".join(f"{_quoted(f'{key}:{word}')}:*" for word in query)
    rows = await connection.fetch(_SEARCH, tsquery, below, peer_key, key, limit + 1)
    page, more = take_page(rows, lambda row: len(row[5].decode()), limit)
    hits = [
        message(user, other, blocked, sender != key, n, text, at, reply_to)
        for _, other, blocked, n, sender, text, at, reply_to in page
    ]
    return MessagePage([hit for hit in hits if not hit.hidden], more, str(page[-1][0]) if more else None)


def _quoted(lexeme: str) -> str:
    """A lexeme quoted for a tsquery (PostgreSQL, section 8.11.2). Words hold neither character; defence in depth."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
