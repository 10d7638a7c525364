-- From when a key of the server's own is used. Those that are there have been in use since they were made.
ALTER TABLE sealed_keys ADD COLUMN activates_at bigint NOT NULL DEFAULT 0;
UPDATE sealed_keys SET activates_at = created_at;
