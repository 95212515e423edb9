"""Reads of logs, histories and lists. Each function runs on a reader thread, with that thread's connection."""

from typing import Any

import msgspec

from bussa_protocol.frames import events, parts
from bussa_protocol.frames.events import LogEvent
from bussa_server.adapters.sqlite.sql import Sql
from bussa_server.adapters.sqlite.users import read_conversation, read_user
from bussa_server.domain.users import Conversation, User
from bussa_server.domain.visibility import visible_message, visible_to
from bussa_server.ports.store import (
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

_ROW_ID = "SELECT key FROM people WHERE id = ?"
_LOG = """
SELECT log.seq, log.event, peer.id, log.peer, m.n, m.sender, m.text, m.at, m.folder, m.reply_to, sides.blocked
FROM log LEFT JOIN messages m ON m.key = log.message LEFT JOIN people peer ON peer.key = log.peer
LEFT JOIN sides ON sides.owner = log.owner AND sides.peer = log.peer
WHERE log.owner = ? AND log.seq > ? ORDER BY log.seq LIMIT ?
"""
# Two subqueries, each an index look-up: with min and max in one SELECT, SQLite scans the whole log.
_HEAD_AND_TAIL = """
SELECT coalesce((SELECT max(seq) FROM log WHERE owner = ?1), 0),
    coalesce((SELECT min(seq) FROM log WHERE owner = ?1), 1)
"""
_MESSAGE = "m.n, m.sender, m.text, m.at, m.reply_to"
_CONVERSATIONS = f"""
SELECT people.id, people.name, sides.peer, s_read.n, s_read.k, s_read.sender, sides.read, sides.peer_read,
    sides.muted, sides.folder, sides.blocked, sides.rank, m.k, {_MESSAGE}
FROM sides JOIN people ON people.key = sides.peer
JOIN messages m ON m.pair = sides.pair AND m.n = (SELECT max(n) FROM messages WHERE pair = sides.pair)
LEFT JOIN messages s_read ON s_read.pair = sides.pair AND s_read.n = sides.read
WHERE sides.owner = ? AND sides.folder = ? AND sides.rank < ? ORDER BY sides.rank DESC LIMIT ?
"""


def heads(connection: Sql, users: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for user in users:
        key = connection.execute(_ROW_ID, (user,)).get
        if key is not None:
            found[user] = connection.execute("SELECT coalesce(max(seq), 0) FROM log WHERE owner = ?", (key,)).get
    return found


def revoked(connection: Sql, users: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for user in users:
        at = connection.execute("SELECT revoked_at FROM people WHERE id = ?", (user,)).get
        if at:
            found[user] = at
    return found


def log(connection: Sql, user: str, after: int, limit: int) -> LogPage:
    key = connection.execute(_ROW_ID, (user,)).get
    with connection:  # one snapshot for the events, the head and the tail
        head, tail = connection.execute(_HEAD_AND_TAIL, (key,)).fetchall()[0]
        if after + 1 < tail:
            return LogPage((), head, tail)
        rows, _ = take_page(connection.execute(_LOG, (key, after, limit)), lambda row: len(row[6] or ""), limit)
    return LogPage([_event(user, *row) for row in rows], head, tail)


def resume_state(connection: Sql, user: str, after: int, limit: int) -> ResumeState | None:
    revoked_at = connection.execute("SELECT revoked_at FROM people WHERE id = ?", (user,)).get
    return None if revoked_at is None else ResumeState(revoked_at, log(connection, user, after, limit))


def _event(
    user: str,
    seq: int,
    event: bytes | None,
    peer: str,
    peer_key: int,
    n: int,
    sender: int,
    text: str,
    at: int,
    folder: Any,
    reply_to: int | None,
    blocked: int | None,
) -> LogEvent:
    if event is not None:
        found = _decode_event(event)
    else:
        by = peer if sender == peer_key else user
        found = events.MessageEvent(
            seq=seq, peer=peer, n=n, sender=by, text=text, at=at, folder=folder, reply_to=reply_to
        )
    return visible_to(user, found, bool(blocked))


def _message(
    user: str, peer: str, blocked: bool, theirs: bool, n: int, text: str, at: int, reply_to: int | None
) -> parts.Message:
    found = parts.Message(peer=peer, n=n, sender=peer if theirs else user, text=text, at=at, reply_to=reply_to)
    return visible_message(user, found, blocked)


def history(
    connection: Sql, user: str, peer: str, before: int | None, after: int | None, limit: int
) -> MessagePage | None:
    found = connection.execute(
        "SELECT sides.pair, sides.owner, coalesce(sides.blocked, 0) FROM sides"
        " WHERE owner = (SELECT key FROM people WHERE id = ?) AND peer = (SELECT key FROM people WHERE id = ?)"
        " AND folder IS NOT NULL",
        (user, peer),
    ).fetchone()
    if found is None:
        return None
    conversation_row_id, owner, blocked = found
    if after is not None:
        where, order, bound = "n > ?", "ASC", after
    else:
        where, order, bound = "n < ?", "DESC", before if before is not None else NO_UPPER_BOUND
    messages = connection.execute(
        f"SELECT {_MESSAGE} FROM messages m WHERE pair = ? AND {where} ORDER BY n {order} LIMIT ?",
        (conversation_row_id, bound, limit + 1),
    )
    rows, more = take_page(messages, lambda row: len(row[2]), limit)
    if order == "DESC":
        rows.reverse()
    return MessagePage(
        [
            _message(user, peer, bool(blocked), sender != owner, n, text, at, reply_to)
            for n, sender, text, at, reply_to in rows
        ],
        more,
    )


def conversations(connection: Sql, user: str, folder: str, before: str | None, limit: int) -> ConversationPage:
    key = connection.execute(_ROW_ID, (user,)).get
    found = connection.execute(_CONVERSATIONS, (key, folder, parse_cursor(before), limit + 1))
    rows, more = take_page(found, lambda row: len(row[15]), limit)
    return ConversationPage([_conversation(user, *row) for row in rows], str(rows[-1][11]) if more else None)


def _conversation(
    user: str,
    peer: str,
    name: str,
    peer_key: int,
    read_n: int | None,
    read_k: int,
    read_sender: int,
    read: int,
    peer_read: int,
    muted: int,
    folder: Any,
    blocked: int,
    rank: int,
    k: int,
    n: int,
    sender: int,
    text: str,
    at: int,
    reply_to: int | None,
) -> parts.Conversation:
    # A message row's k counts its sender's messages so far, so n - k counts the other participant's.
    theirs = k if sender == peer_key else n - k
    seen = 0 if read_n is None else read_k if read_sender == peer_key else read_n - read_k
    return parts.Conversation(
        peer=peer,
        last=_message(user, peer, bool(blocked), sender == peer_key, n, text, at, reply_to),
        unread=theirs - seen,
        read=read,
        peer_read=peer_read or None,
        muted=bool(muted),
        folder=folder,
        blocked=bool(blocked),
        name=name,
    )


def messages_by_row_id(connection: Sql, user: str, row_ids: list[int]) -> list[parts.Message]:
    """The messages with these keys, in that order, as ``user`` sees them."""
    found: list[parts.Message] = []
    for key in row_ids:
        row = connection.execute(
            f"""SELECT peer.id, coalesce(sides.blocked, 0), m.sender = peer.key, {_MESSAGE} FROM messages m
            JOIN people me ON me.id = ? JOIN pairs ON pairs.key = m.pair
            JOIN people peer ON peer.key = pairs.low + pairs.high - me.key
            LEFT JOIN sides ON sides.owner = me.key AND sides.peer = peer.key WHERE m.key = ?""",
            (user, key),
        ).fetchone()
        peer, blocked, theirs, n, _, text, at, reply_to = row
        found.append(_message(user, peer, bool(blocked), bool(theirs), n, text, at, reply_to))
    return found


def get_user(connection: Sql, user: str) -> User | None:
    with connection:
        return read_user(connection, user)


def get_conversation(connection: Sql, one: str, other: str) -> Conversation | None:
    with connection:
        first, second = read_user(connection, one), read_user(connection, other)
        return None if first is None or second is None else read_conversation(connection, first, second)


def follows(connection: Sql, user: str, followers: bool, after: str | None, limit: int) -> UserPage:
    mine, theirs = ("followee", "follower") if followers else ("follower", "followee")
    rows = connection.execute(
        f"SELECT {theirs} FROM follows WHERE {mine} = ? AND {theirs} > ? ORDER BY {theirs} LIMIT ?",
        (user, after or "", limit + 1),
    ).fetchall()
    users = [row[0] for row in rows]
    return UserPage(users[:limit], users[limit - 1] if len(users) > limit else None)
