-- Everything the server remembers, one table a record.
--
-- Times are milliseconds since 1970-01-01T00:00:00Z. Digests, seeds and grant ids are raw bytes. Lists are JSON.
-- No table references another: a decision says itself what goes with what, and the memory store has to agree.

-- 'gpst': tells this file from the database of another program.
PRAGMA application_id = 0x67707374;

CREATE TABLE clients (
    client_id           TEXT PRIMARY KEY,
    client_name         TEXT NOT NULL,
    client_secrets      BLOB NOT NULL CHECK (length(client_secrets) % 32 = 0), -- one digest after the other
    auth_methods        TEXT NOT NULL,
    redirect_uris       TEXT NOT NULL,
    grant_types         TEXT NOT NULL,
    scope               TEXT NOT NULL,
    default_scope       TEXT NOT NULL,
    resources           TEXT NOT NULL,
    require_pkce        INTEGER NOT NULL CHECK (require_pkce IN (0, 1)),
    json_body           INTEGER NOT NULL CHECK (json_body IN (0, 1)),
    access_token_ttl    INTEGER,
    refresh_grace       INTEGER,
    client_id_issued_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    user_id       TEXT PRIMARY KEY,
    username      TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    locked_at     INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    digest     BLOB PRIMARY KEY CHECK (length(digest) = 32),
    user_id    TEXT NOT NULL,
    auth_time  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE codes (
    digest         BLOB PRIMARY KEY CHECK (length(digest) = 32),
    grant_id       BLOB NOT NULL CHECK (length(grant_id) = 16),
    client_id      TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    redirect_uri   TEXT,
    code_challenge BLOB CHECK (length(code_challenge) = 32),
    scope          TEXT NOT NULL,
    audience       TEXT NOT NULL,
    auth_time      INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    spent_at       INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX codes_by_end ON codes (expires_at);

CREATE TABLE grants (
    grant_id           BLOB PRIMARY KEY CHECK (length(grant_id) = 16),
    client_id          TEXT NOT NULL,
    user_id            TEXT NOT NULL,
    scope              TEXT NOT NULL,
    audience           TEXT NOT NULL,
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,
    revoked_at         INTEGER,
    family_seed        BLOB CHECK (length(family_seed) = 16),
    family_key_version INTEGER,
    family_head        INTEGER,
    family_rotated_at  INTEGER,
    -- A family is whole or absent.
    CHECK ((family_seed IS NULL) = (family_key_version IS NULL)
       AND (family_seed IS NULL) = (family_head IS NULL)
       AND (family_seed IS NULL) = (family_rotated_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_by_end ON grants (expires_at);

CREATE TABLE api_keys (
    digest     BLOB PRIMARY KEY CHECK (length(digest) = 32),
    name       TEXT NOT NULL UNIQUE,
    user_id    TEXT NOT NULL,
    scope      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE denied (
    jti   TEXT PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX denied_by_end ON denied (until);

CREATE TABLE sealed_keys (
    key_id     TEXT PRIMARY KEY,
    purpose    TEXT NOT NULL,
    alg        TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is admitted once.
CREATE TABLE seen (
    space TEXT NOT NULL,
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    until INTEGER NOT NULL,
    PRIMARY KEY (space, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX seen_by_end ON seen (until);

-- The throttle's memory.
CREATE TABLE accounts (
    account       TEXT PRIMARY KEY,
    failures      INTEGER NOT NULL,
    last_at       INTEGER NOT NULL,
    blocked_until INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX accounts_by_guess ON accounts (last_at);

CREATE TABLE audit (
    line      INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    event     TEXT NOT NULL,
    client_id TEXT,
    user_id   TEXT,
    grant_id  BLOB
) STRICT;

-- What has been written stays as it was written.
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
