-- A digest of what was sent, beside its nonce (bussa_server.domain.unit_of_work.content_digest). Rows of before have none.
ALTER TABLE log ADD COLUMN nonce_digest BLOB;
