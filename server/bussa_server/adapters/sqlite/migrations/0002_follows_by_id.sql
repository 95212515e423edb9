-- Follows by user id, not by key: lists are in the order of the ids, so a page is a range of an index instead of a
-- sort of all followers.

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
