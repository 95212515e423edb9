-- The first schema. Users, conversations (pairs) and messages have internal integer keys: a log row is then some
-- twenty bytes, and the newest rows of a table are together on its last pages.

CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE people (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    dm_policy TEXT NOT NULL,
    knocks INTEGER NOT NULL,
    read_receipts INTEGER NOT NULL,
    password TEXT,
    revoked_at INTEGER NOT NULL
);

CREATE TABLE follows (
    follower INTEGER NOT NULL,
    followee INTEGER NOT NULL,
    PRIMARY KEY (follower, followee)
) WITHOUT ROWID;
CREATE INDEX followers ON follows (followee, follower);

-- Conversations, one for two users; low and high in the order of their user ids.
CREATE TABLE pairs (
    key INTEGER PRIMARY KEY,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    UNIQUE (low, high)
);

-- Participants: the owner's side of a conversation with the peer. No row means that nothing was ever set.
CREATE TABLE sides (
    owner INTEGER NOT NULL,
    peer INTEGER NOT NULL,
    pair INTEGER NOT NULL,
    folder TEXT,
    accepted INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    blocked INTEGER NOT NULL,
    muted INTEGER NOT NULL,
    read INTEGER NOT NULL,
    peer_read INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    PRIMARY KEY (owner, peer)
) WITHOUT ROWID;
CREATE INDEX sides_by_rank ON sides (owner, folder, rank);

-- k counts the sender's own messages of the conversation, so the peer has written n - k so far.
CREATE TABLE messages (
    key INTEGER PRIMARY KEY,
    pair INTEGER NOT NULL,
    n INTEGER NOT NULL,
    k INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    folder TEXT NOT NULL,
    at INTEGER NOT NULL,
    reply_to INTEGER,
    text TEXT NOT NULL
);
CREATE UNIQUE INDEX messages_by_n ON messages (pair, n);

-- An event is stored by reference (message) or as JSON (event).
CREATE TABLE log (
    owner INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    peer INTEGER,
    message INTEGER,
    event BLOB,
    nonce TEXT,
    PRIMARY KEY (owner, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX log_by_nonce ON log (owner, nonce) WHERE nonce IS NOT NULL;

CREATE TABLE reports (
    key INTEGER PRIMARY KEY,
    reporter INTEGER NOT NULL,
    peer INTEGER NOT NULL,
    n INTEGER,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
);

-- The words of each message, once for each of its two users: rowid is the message's key, a token is `USER:word`,
-- and `~PAIR` is the conversation's key. The tokens are normalised by the server.
CREATE VIRTUAL TABLE words USING fts5 (
    tokens, content = '', columnsize = 0, detail = 'none', tokenize = "ascii tokenchars ':~'"
);
