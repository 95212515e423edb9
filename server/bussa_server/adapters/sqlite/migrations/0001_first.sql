-- The first schema. Users, pairs and messages have integer keys of the store's own: a log row is then some
-- twenty bytes, and the newest rows of a table lie together on its last pages.

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

-- The one conversation of two users; low and high in the order of their ids.
CREATE TABLE pairs (
    key INTEGER PRIMARY KEY,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    UNIQUE (low, high)
);

-- How one user, the owner, stands to a peer. There is no row where nothing was ever set.
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

-- k counts the sender's own messages of the pair, so the other side has written n - k up to there.
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

-- An event is kept by reference (message) or as JSON (event).
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

-- Words of messages, each under both users of the message: rowid is the message's key, a token is
-- `USER:word`, and `~PAIR` names the conversation. The tokens are normalised before they get here.
CREATE VIRTUAL TABLE words USING fts5 (
    tokens, content = '', columnsize = 0, detail = 'none', tokenize = "ascii tokenchars ':~'"
);
