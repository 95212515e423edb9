"""Reads of logs, histories and lists. Each is one statement, so it sees one snapshot."""

from collections.abc import Sequence
from typing import Any

import msgspec

from bussa_protocol.frames import events, parts
from bussa_protocol.frames.events import LogEvent
from bussa_server.adapters.postgres.loading import conversation_from_row, user_from_row
from bussa_server.adapters.postgres.sql import Connection, id_or_none
from bussa_server.domain.users import Conversation, User, conversation_key
from bussa_server.domain.visibility import visible_message, visible_to
from bussa_server.ports.store import (
    MAX_PAGE_CHARS,
    NO_UPPER_BOUND,
    ConversationPage,
    LogPage,
    MessagePage,
    ResumeState,
    UserPage,
    parse_cursor,
    take_page,
)

_decode_event = msgspec.json.Decoder(LogEvent).decode

# The server bounds a page by bytes, so that long texts beyond it are never sent: a character is at most four bytes.
# It knows the lengths without reading the texts.
_MAX_PAGE_BYTES = MAX_PAGE_CHARS * 4

_HEADS = "SELECT id, head FROM people WHERE id = ANY ($1::text[])"
_REVOKED = "SELECT id, revoked_at FROM people WHERE id = ANY ($1::text[]) AND revoked_at > 0"
_LOG = f"""
SELECT people.key, people.head, coalesce((SELECT min(seq) FROM log WHERE owner = people.key), people.head + 1),
    people.revoked_at, page.*, peer.id, coalesce(sides.blocked, false)
FROM people LEFT JOIN LATERAL (
    SELECT * FROM (
        SELECT log.seq, log.event, log.peer, m.n, m.sender, m.text, m.at, m.folder, m.reply_to,
            sum(octet_length(m.text)) OVER (ORDER BY log.seq ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) AS before
        FROM log LEFT JOIN messages m ON m.low = least(log.owner, log.peer)
            AND m.high = greatest(log.owner, log.peer) AND m.n = log.n
        WHERE log.owner = people.key AND log.seq > $2 ORDER BY log.seq LIMIT $3
    ) entries WHERE coalesce(before, 0) <= {_MAX_PAGE_BYTES}
) page ON true
LEFT JOIN people peer ON peer.key = page.peer LEFT JOIN sides ON sides.owner = people.key AND sides.peer = page.peer
WHERE people.id = $1 ORDER BY page.seq
"""
_HISTORY = f"""
SELECT sides.owner, sides.blocked, page.* FROM sides LEFT JOIN LATERAL (
    SELECT * FROM (
        SELECT n, sender, text, at, reply_to,
            sum(octet_length(text)) OVER (ORDER BY n {{order}} ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) AS before
        FROM messages WHERE low = least(sides.owner, sides.peer) AND high = greatest(sides.owner, sides.peer)
        AND n {{within}} $3 ORDER BY n {{order}} LIMIT $4
    ) found WHERE coalesce(before, 0) <= {_MAX_PAGE_BYTES}
) page ON true
WHERE sides.owner = (SELECT key FROM people WHERE id = $1) AND sides.peer = (SELECT key FROM people WHERE id = $2)
AND folder IS NOT NULL ORDER BY page.n
"""
_CONVERSATIONS = """
SELECT peer.id, peer.name, peer.key, mine.rank, mine.folder, mine.muted, mine.blocked, mine.read, mine.peer_read,
    theirs.wrote, seen.n, seen.k, seen.sender, m.n, m.sender, m.text, m.at, m.reply_to
FROM (
    SELECT *, least(owner, peer) AS low, greatest(owner, peer) AS high FROM sides
    WHERE owner = (SELECT key FROM people WHERE id = $1) AND folder = $2 AND rank < $3
    ORDER BY rank DESC LIMIT $4
) mine
JOIN people peer ON peer.key = mine.peer
JOIN sides theirs ON theirs.owner = mine.peer AND theirs.peer = mine.owner
JOIN messages m ON m.low = mine.low AND m.high = mine.high AND m.n = mine.wrote + theirs.wrote
LEFT JOIN messages seen ON seen.low = mine.low AND seen.high = mine.high AND seen.n = mine.read
ORDER BY mine.rank DESC
"""
_USER = """
SELECT key, id, name, dm_policy, knocks, read_receipts, revoked_at, head, newest, password FROM people WHERE id = $1
"""
_PARTICIPANT = (
    "{0}.folder, {0}.accepted, {0}.refused, {0}.blocked, {0}.muted, {0}.wrote, {0}.read, {0}.peer_read, {0}.rank"
)
_CONVERSATION = f"""
SELECT low.id, high.id,
    {_PARTICIPANT.format("mine")}, (SELECT true FROM follows WHERE follower = low.id AND followee = high.id),
    {_PARTICIPANT.format("theirs")}, (SELECT true FROM follows WHERE follower = high.id AND followee = low.id)
FROM people low CROSS JOIN people high
LEFT JOIN sides mine ON mine.owner = low.key AND mine.peer = high.key
LEFT JOIN sides theirs ON theirs.owner = high.key AND theirs.peer = low.key
WHERE low.id = $1 AND high.id = $2
"""


async def heads(connection: Connection, users: list[str]) -> dict[str, int]:
    return dict(await connection.fetch(_HEADS, users))


async def revoked(connection: Connection, users: list[str]) -> dict[str, int]:
    return dict(await connection.fetch(_REVOKED, users))


async def log(connection: Connection, user: str, after: int, limit: int) -> LogPage:
    return _page(user, await connection.fetch(_LOG, id_or_none(user), after, limit), after, limit)


async def resume_state(connection: Connection, user: str, after: int, limit: int) -> ResumeState | None:
    rows = await connection.fetch(_LOG, id_or_none(user), after, limit)
    return ResumeState(rows[0][3], _page(user, rows, after, limit)) if rows else None


def _page(user: str, rows: Sequence[Any], after: int, limit: int) -> LogPage:
    if not rows:
        return LogPage([], 0, 1)
    key, head, tail = rows[0][:3]
    if after + 1 < tail:
        return LogPage((), head, tail)
    found = [row[4:] for row in rows if row[4] is not None]
    texts = ((row[5] or b"").decode() for row in found)
    shown, _ = take_page(zip(texts, found, strict=True), lambda entry: len(entry[0]), limit)
    return LogPage([_event(user, key, text, *row) for text, row in shown], head, tail)


def _event(
    user: str,
    key: int,
    text: str,
    seq: int,
    event: bytes | None,
    peer_key: int,
    n: int,
    sender: int,
    _text: bytes | None,
    at: int,
    folder: Any,
    reply_to: int | None,
    _before: int | None,
    peer: str,
    blocked: bool,
) -> LogEvent:
    if event is not None:
        found = _decode_event(event)
    else:
        by = user if sender == key else peer
        found = events.MessageEvent(
            seq=seq, peer=peer, n=n, sender=by, text=text, at=at, folder=folder, reply_to=reply_to
        )
    return visible_to(user, found, blocked)


def message(
    user: str, peer: str, blocked: bool, theirs: bool, n: int, text: bytes, at: int, reply_to: int | None
) -> parts.Message:
    """A message as ``user`` sees it."""
    by = peer if theirs else user
    return visible_message(
        user, parts.Message(peer=peer, n=n, sender=by, text=text.decode(), at=at, reply_to=reply_to), blocked
    )


async def history(
    connection: Connection, user: str, peer: str, before: int | None, after: int | None, limit: int
) -> MessagePage | None:
    if after is not None:
        query, bound = _HISTORY.format(order="ASC", within=">"), after
    else:
        query, bound = _HISTORY.format(order="DESC", within="<"), before if before is not None else NO_UPPER_BOUND
    rows = await connection.fetch(query, id_or_none(user), id_or_none(peer), bound, limit + 1)
    if not rows:
        return None
    found = [row for row in rows if row[2] is not None]
    newest_first = after is None
    if newest_first:
        found.reverse()
    page, more = take_page(found, lambda row: len(row[4].decode()), limit)
    shown = [
        message(user, peer, blocked, sender != owner, n, text, at, reply_to)
        for owner, blocked, n, sender, text, at, reply_to, _ in page
    ]
    if newest_first:
        shown.reverse()
    return MessagePage(shown, more)


async def conversations(
    connection: Connection, user: str, folder: str, before: str | None, limit: int
) -> ConversationPage:
    rows = await connection.fetch(_CONVERSATIONS, id_or_none(user), folder, parse_cursor(before), limit + 1)
    page, more = take_page(rows, lambda row: len(row[15].decode()), limit)
    return ConversationPage([_conversation(user, *row) for row in page], str(page[-1][3]) if more else None)


def _conversation(
    user: str,
    peer: str,
    name: bytes,
    peer_key: int,
    _rank: int,
    folder: Any,
    muted: bool,
    blocked: bool,
    read: int,
    peer_read: int,
    theirs: int,
    seen_n: int | None,
    seen_k: int,
    seen_sender: int,
    n: int,
    sender: int,
    text: bytes,
    at: int,
    reply_to: int | None,
) -> parts.Conversation:
    # A message row's k counts its sender's messages so far, so n - k counts the other participant's.
    seen = 0 if seen_n is None else seen_k if seen_sender == peer_key else seen_n - seen_k
    return parts.Conversation(
        peer=peer,
        last=message(user, peer, blocked, sender == peer_key, n, text, at, reply_to),
        unread=theirs - seen,
        read=read,
        peer_read=peer_read or None,
        muted=muted,
        folder=folder,
        blocked=blocked,
        name=name.decode(),
    )


async def get_user(connection: Connection, user: str) -> User | None:
    row = await connection.fetchrow(_USER, id_or_none(user))
    return None if row is None else user_from_row(*row)


async def get_conversation(connection: Connection, one: str, other: str) -> Conversation | None:
    row = await connection.fetchrow(_CONVERSATION, *map(id_or_none, conversation_key(one, other)))
    return None if row is None else conversation_from_row(*row)


async def follows(connection: Connection, user: str, followers: bool, after: str | None, limit: int) -> UserPage:
    mine, theirs = ("followee", "follower") if followers else ("follower", "followee")
    rows = await connection.fetch(
        f"SELECT {theirs} FROM follows WHERE {mine} = $1 AND {theirs} > $2 ORDER BY {theirs} LIMIT $3",
        id_or_none(user),
        (after or "").partition("\0")[0],  # text can't hold U+0000; the prefix has the same place among the ids
        limit + 1,
    )
    users = [row[0] for row in rows]
    return UserPage(users[:limit], users[limit - 1] if len(users) > limit else None)
