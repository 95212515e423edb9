-- By the ids of users and not by their keys: pages of them are in the order of ids, so a page is read where it lies,
-- and not picked out of all the followers that somebody has.

ALTER TABLE follows RENAME TO follows_by_key;
DROP INDEX followers;
CREATE TABLE follows (
    follower TEXT NOT NULL,
    followee TEXT NOT NULL,
    PRIMARY KEY (follower, followee)
) WITHOUT ROWID;
INSERT INTO follows
SELECT one.id, other.id FROM follows_by_key
JOIN people one ON one.key = follower JOIN people other ON other.key = followee ORDER BY one.id, other.id;
DROP TABLE follows_by_key;
CREATE INDEX followers ON follows (followee, follower);
