-- oldest: 1
-- The tables of declared rows (bussa_server.domain.rows); `follows` is one since step 1.

-- n is 0 for the whole conversation. `reports` stays for servers that still write to it.
CREATE TABLE abuse_reports (
    reporter text COLLATE "C" NOT NULL,
    peer text COLLATE "C" NOT NULL,
    n bigint NOT NULL,
    reason text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (reporter, peer, n, reason)
);
INSERT INTO abuse_reports
SELECT one.id, other.id, coalesce(n, 0), reason, min(at) FROM reports
JOIN people one ON one.key = reporter JOIN people other ON other.key = peer
GROUP BY one.id, other.id, coalesce(n, 0), reason;

CREATE TABLE timers (
    kind text COLLATE "C" NOT NULL,
    key bytea NOT NULL,
    due bigint NOT NULL,
    payload bytea,
    attempts bigint NOT NULL,
    held_until bigint NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX timers_by_due ON timers (due);
