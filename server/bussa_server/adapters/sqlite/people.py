"""Reads a person, and how two people stand to each other, as the file has them."""

from bussa_protocol.frames.parts import Settings
from bussa_server.adapters.sqlite.sql import Sql
from bussa_server.domain.people import Pair, Person, Side

_PERSON = "SELECT key, name, dm_policy, knocks, read_receipts, password, revoked_at FROM people WHERE id = ?"
_HEAD = "SELECT coalesce(max(seq), 0) FROM log WHERE owner = ?"
# Three look-ups in the index of each folder, each with a LIMIT of its own: without, SQLite reads all of the sides.
_NEWEST_OF = (
    "SELECT * FROM (SELECT peer, rank FROM sides WHERE owner = ?1 AND folder = '{}' ORDER BY rank DESC LIMIT 1)"
)
_NEWEST = f"""
SELECT id FROM people WHERE key = (SELECT peer FROM (
    {_NEWEST_OF.format("inbox")} UNION ALL {_NEWEST_OF.format("requests")} UNION ALL {_NEWEST_OF.format("declined")}
) WHERE rank > 0 ORDER BY rank DESC LIMIT 1)
"""
_PAIR = """
SELECT pairs.key, m.n, m.k, m.sender FROM pairs
LEFT JOIN messages m ON m.pair = pairs.key AND m.n = (SELECT max(n) FROM messages WHERE pair = pairs.key)
WHERE low = ? AND high = ?
"""
_SIDE = (
    "SELECT folder, accepted, refused, blocked, muted, read, peer_read, rank FROM sides WHERE owner = ? AND peer = ?"
)
_FOLLOWS = "SELECT 1 FROM follows WHERE follower = ? AND followee = ?"


def read_person(connection: Sql, user: str) -> Person | None:
    """A person as the file has it; None who does not exist."""
    row = connection.execute(_PERSON, (user,)).fetchone()
    if row is None:
        return None
    key, name, dm_policy, knocks, read_receipts, password, revoked_at = row
    settings = Settings(dm_policy=dm_policy, knocks=bool(knocks), read_receipts=bool(read_receipts))
    head: int = connection.execute(_HEAD, (key,)).get
    newest: str | None = connection.execute(_NEWEST, (key,)).get
    return Person(user, name, settings, head, newest, password, revoked_at, key)


def read_pair(connection: Sql, one: Person, other: Person) -> Pair:
    """How two people stand to each other, as the file has it."""
    low, high = (one, other) if one.id < other.id else (other, one)
    pair = Pair(_read_side(connection, low, high), _read_side(connection, high, low))
    row = connection.execute(_PAIR, (low.key, high.key)).fetchone()
    if row is not None:
        pair.key, n, k, sender = row
        if n is not None:
            last, before = (pair.low, pair.high) if sender == low.key else (pair.high, pair.low)
            last.wrote, before.wrote = k, n - k
    return pair


def _read_side(connection: Sql, owner: Person, peer: Person) -> Side:
    side = Side(owner.id, peer.id)
    row = connection.execute(_SIDE, (owner.key, peer.key)).fetchone()
    if row is not None:
        side.folder, accepted, refused, blocked, muted, side.read, side.peer_read, side.rank = row
        side.accepted, side.refused = bool(accepted), bool(refused)
        side.blocked, side.muted = bool(blocked), bool(muted)
    side.follows = connection.execute(_FOLLOWS, (owner.id, peer.id)).fetchone() is not None
    return side
