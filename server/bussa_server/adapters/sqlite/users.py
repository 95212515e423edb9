"""Reads a user, and a conversation, from the file."""

from bussa_protocol.frames.parts import Settings
from bussa_server.adapters.sqlite.sql import Sql
from bussa_server.domain.users import Conversation, Participant, User

_USER = "SELECT key, name, dm_policy, knocks, read_receipts, password, revoked_at FROM people WHERE id = ?"
_HEAD = "SELECT coalesce(max(seq), 0) FROM log WHERE owner = ?"
# One index look-up per folder, each with its own LIMIT: without it SQLite reads all rows of the owner.
_TOP_PEER_OF = (
    "SELECT * FROM (SELECT peer, rank FROM sides WHERE owner = ?1 AND folder = '{}' ORDER BY rank DESC LIMIT 1)"
)
_TOP_PEER = f"""
SELECT id FROM people WHERE key = (SELECT peer FROM (
    {_TOP_PEER_OF.format("inbox")} UNION ALL {_TOP_PEER_OF.format("requests")}
    UNION ALL {_TOP_PEER_OF.format("declined")}
) WHERE rank > 0 ORDER BY rank DESC LIMIT 1)
"""
_CONVERSATION = """
SELECT pairs.key, m.n, m.k, m.sender FROM pairs
LEFT JOIN messages m ON m.pair = pairs.key AND m.n = (SELECT max(n) FROM messages WHERE pair = pairs.key)
WHERE low = ? AND high = ?
"""
_PARTICIPANT = (
    "SELECT folder, accepted, refused, blocked, muted, read, peer_read, rank FROM sides WHERE owner = ? AND peer = ?"
)
_FOLLOWS = "SELECT 1 FROM follows WHERE follower = ? AND followee = ?"


def read_user(connection: Sql, user: str) -> User | None:
    """The user, or None."""
    row = connection.execute(_USER, (user,)).fetchone()
    if row is None:
        return None
    key, name, dm_policy, knocks, read_receipts, password, revoked_at = row
    settings = Settings(dm_policy=dm_policy, knocks=bool(knocks), read_receipts=bool(read_receipts))
    head: int = connection.execute(_HEAD, (key,)).get
    top_peer: str | None = connection.execute(_TOP_PEER, (key,)).get
    return User(user, name, settings, head, top_peer, password, revoked_at, key)


def read_conversation(connection: Sql, one: User, other: User) -> Conversation:
    """The conversation of two users; a new one if the file has none."""
    low, high = (one, other) if one.id < other.id else (other, one)
    conversation = Conversation(_read_participant(connection, low, high), _read_participant(connection, high, low))
    row = connection.execute(_CONVERSATION, (low.row_id, high.row_id)).fetchone()
    if row is not None:
        conversation.row_id, n, k, sender = row
        if n is not None:
            last, before = (
                (conversation.low, conversation.high) if sender == low.row_id else (conversation.high, conversation.low)
            )
            last.sent_count, before.sent_count = k, n - k
    return conversation


def _read_participant(connection: Sql, owner: User, peer: User) -> Participant:
    participant = Participant(owner.id, peer.id)
    row = connection.execute(_PARTICIPANT, (owner.row_id, peer.row_id)).fetchone()
    if row is not None:
        (
            participant.folder,
            accepted,
            refused,
            blocked,
            muted,
            participant.read,
            participant.peer_read,
            participant.sort_seq,
        ) = row
        participant.accepted, participant.refused = bool(accepted), bool(refused)
        participant.blocked, participant.muted = bool(blocked), bool(muted)
    participant.follows = connection.execute(_FOLLOWS, (owner.id, peer.id)).fetchone() is not None
    return participant
