"""The SQL of a commit. `PREPARED` is prepared once per connection; scripts execute the statements by name.

Rows are passed as one array per column (unnest), so a statement has the same plan for one row and for a thousand.
"""

# Locking in a fixed order prevents deadlocks between batches. `LOAD` reads the users that were locked here: a user
# created after that does not exist for this batch.
_LOCK_USERS = """
PREPARE lock_users (bytea[]) AS
WITH held AS (
    SELECT key FROM people
    WHERE id = ANY (ARRAY(SELECT convert_from(asked, 'UTF8') FROM unnest($1) AS asked))
    ORDER BY id COLLATE "C" FOR UPDATE
)
SELECT set_config('bussa.held', coalesce(string_agg(key::text, ','), ''), true) FROM held
"""

# A statement of its own, apart from the one that locks: it must see what was committed while that one waited. The
# first column tells the kinds of rows apart. LATERAL … OFFSET 0, and a scalar SELECT instead of EXISTS, force an
# index look-up per row and never a hash of a whole table.
LOAD = """
WITH held AS MATERIALIZED (
    SELECT * FROM people WHERE key = ANY (string_to_array(current_setting('bussa.held'), ',')::bigint[])
)
SELECT 'user', ROW(key, id, name, dm_policy, knocks, read_receipts, revoked_at, head, newest) FROM held
UNION ALL
SELECT 'conversation', ROW(
    low.id, high.id,
    mine.folder, mine.accepted, mine.refused, mine.blocked, mine.muted,
    mine.wrote, mine.read, mine.peer_read, mine.rank,
    (SELECT true FROM follows WHERE follower = low.id AND followee = high.id),
    theirs.folder, theirs.accepted, theirs.refused, theirs.blocked, theirs.muted,
    theirs.wrote, theirs.read, theirs.peer_read, theirs.rank,
    (SELECT true FROM follows WHERE follower = high.id AND followee = low.id)
)
FROM unnest($1::text[], $2::text[]) AS asked (low, high)
JOIN held low ON low.id = asked.low JOIN held high ON high.id = asked.high
LEFT JOIN LATERAL (SELECT * FROM sides WHERE owner = low.key AND peer = high.key OFFSET 0) mine ON true
LEFT JOIN LATERAL (SELECT * FROM sides WHERE owner = high.key AND peer = low.key OFFSET 0) theirs ON true
UNION ALL
SELECT 'record', ROW(
    asked.id, asked.nonce, entry.seq, entry.nonce_digest, peer.id, m.text, m.reply_to, m.n, m.at, m.folder
)
FROM unnest($3::text[], $4::bytea[]) AS asked (id, nonce) JOIN held ON held.id = asked.id
JOIN LATERAL (SELECT * FROM log WHERE owner = held.key AND nonce = asked.nonce OFFSET 0) entry ON true
JOIN LATERAL (
    SELECT * FROM messages WHERE low = least(entry.owner, entry.peer) AND high = greatest(entry.owner, entry.peer)
    AND n = entry.n OFFSET 0
) m ON true
JOIN LATERAL (SELECT id FROM people WHERE key = entry.peer OFFSET 0) peer ON true
UNION ALL
SELECT 'key', ROW(nextval(pg_get_serial_sequence('people', 'key'))) FROM generate_series(1, $5::int)
"""

# In the order of the ids, so that two nodes that sign up the same names do not deadlock.
_INSERT_USERS = """
PREPARE insert_users (bigint[], bytea[], bytea[], boolean[], boolean[], bigint[], bigint[], bytea[], bytea[], bytea[])
AS INSERT INTO people (key, name, dm_policy, knocks, read_receipts, revoked_at, head, newest, id, password)
SELECT key, name, convert_from(dm_policy, 'UTF8'), knocks, read_receipts, revoked_at, head,
    convert_from(newest, 'UTF8'), convert_from(id, 'UTF8'), convert_from(password, 'UTF8')
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    AS row (key, name, dm_policy, knocks, read_receipts, revoked_at, head, newest, id, password)
ORDER BY row.id
"""

_UPDATE_USERS = """
PREPARE update_users (bigint[], bytea[], bytea[], boolean[], boolean[], bigint[], bigint[], bytea[]) AS
UPDATE people SET name = row.name, dm_policy = convert_from(row.dm_policy, 'UTF8'), knocks = row.knocks,
    read_receipts = row.read_receipts, revoked_at = row.revoked_at, head = row.head,
    newest = convert_from(row.newest, 'UTF8')
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
    AS row (key, name, dm_policy, knocks, read_receipts, revoked_at, head, newest)
WHERE people.key = row.key
"""

_SET_HEADS = """
PREPARE set_heads (bigint[], bigint[], bytea[]) AS
UPDATE people SET head = row.head, newest = convert_from(row.newest, 'UTF8')
FROM unnest($1, $2, $3) AS row (key, head, newest) WHERE people.key = row.key
"""

_UPSERT_PARTICIPANTS = """
PREPARE upsert_participants (
    bigint[], bigint[], bytea[], boolean[], boolean[], boolean[], boolean[], bigint[], bigint[], bigint[], bigint[]
) AS
INSERT INTO sides (owner, peer, folder, accepted, refused, blocked, muted, wrote, read, peer_read, rank)
SELECT owner, peer, convert_from(folder, 'UTF8'), accepted, refused, blocked, muted, wrote, read, peer_read, rank
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    AS row (owner, peer, folder, accepted, refused, blocked, muted, wrote, read, peer_read, rank)
ON CONFLICT (owner, peer) DO UPDATE SET folder = excluded.folder, accepted = excluded.accepted,
    refused = excluded.refused, blocked = excluded.blocked, muted = excluded.muted, wrote = excluded.wrote,
    read = excluded.read, peer_read = excluded.peer_read, rank = excluded.rank
"""

# Most messages change nothing else on their sender's side.
_SET_SENT_COUNT = """
PREPARE set_sent_count (bigint[], bigint[], bigint[]) AS
UPDATE sides SET wrote = row.wrote FROM unnest($1, $2, $3) AS row (owner, peer, wrote)
WHERE sides.owner = row.owner AND sides.peer = row.peer
"""

# A message is stored once in its conversation, by reference in both logs, and with its words in the index. The words
# are passed once, separated by spaces, and prefixed with the key of each of the two users here.
_INSERT_MESSAGES = """
PREPARE insert_messages (
    bigint, bigint[], bigint[], bigint[], bigint[], bytea[], bigint[], bytea[], bytea[], bigint[], bigint[], bytea[],
    bytea[]
) AS
WITH row AS MATERIALIZED (
    SELECT sender, recipient, least(sender, recipient) AS low, greatest(sender, recipient) AS high, n, k,
        folder, reply_to, text, convert_from(words, 'UTF8') AS words, sent, received, nonce,
        nonce_digest
    FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        AS given (sender, recipient, n, k, folder, reply_to, text, words, sent, received, nonce, nonce_digest)
), kept AS (
    INSERT INTO messages (low, high, n, k, sender, at, reply_to, folder, text)
    SELECT low, high, n, k, sender, $1, reply_to, convert_from(folder, 'UTF8'), text FROM row
), indexed AS (
    INSERT INTO words (low, high, n, sender, tokens)
    SELECT low, high, n, sender, array_to_tsvector(string_to_array(
        low || ':' || replace(words, ' ', ' ' || low || ':') || ' '
        || high || ':' || replace(words, ' ', ' ' || high || ':'), ' '))
    FROM row WHERE words <> ''
)
INSERT INTO log (owner, seq, at, peer, n, nonce, nonce_digest)
SELECT sender, sent, $1, recipient, n, nonce, nonce_digest FROM row
UNION ALL SELECT recipient, received, $1, sender, n, NULL, NULL FROM row
"""

_INSERT_EVENTS = """
PREPARE insert_events (bigint, bigint[], bigint[], bigint[], bytea[]) AS
INSERT INTO log (owner, seq, at, peer, event)
SELECT owner, seq, $1, peer, event FROM unnest($2, $3, $4, $5) AS row (owner, seq, peer, event)
"""

PREPARED = ";\n".join(
    (
        _LOCK_USERS,
        _INSERT_USERS,
        _UPDATE_USERS,
        _SET_HEADS,
        _UPSERT_PARTICIPANTS,
        _SET_SENT_COUNT,
        _INSERT_MESSAGES,
        _INSERT_EVENTS,
    )
)
