-- What records hold beside the columns that are looked up or compared: one JSON document each.
ALTER TABLE clients  ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
ALTER TABLE users    ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
ALTER TABLE sessions ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
ALTER TABLE codes    ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
ALTER TABLE grants   ADD COLUMN details TEXT NOT NULL DEFAULT '{}';

-- A person's own: their list of logins and of what they allowed.
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX grants_by_user ON grants (user_id);

-- What lives for a while: pushed requests, logins of devices, and the like.
CREATE TABLE items (
    space      TEXT NOT NULL,
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    version    INTEGER NOT NULL,
    owner      TEXT,
    body       TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (space, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX items_by_end ON items (expires_at);
CREATE INDEX items_by_owner ON items (space, owner) WHERE owner IS NOT NULL;
