-- The tables of declared rows (bussa_server.domain.rows); `follows` is one since step 2.

-- n is 0 for the whole conversation.
CREATE TABLE abuse_reports (
    reporter TEXT NOT NULL,
    peer TEXT NOT NULL,
    n INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (reporter, peer, n, reason)
) WITHOUT ROWID;
INSERT INTO abuse_reports
SELECT one.id, other.id, coalesce(n, 0), reason, min(at) FROM reports
JOIN people one ON one.key = reporter JOIN people other ON other.key = peer
GROUP BY one.id, other.id, coalesce(n, 0), reason;
DROP TABLE reports;

CREATE TABLE timers (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    due INTEGER NOT NULL,
    payload BLOB,
    attempts INTEGER NOT NULL,
    held_until INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (due);
