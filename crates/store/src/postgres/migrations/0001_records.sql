-- Everything the server remembers, one table a record, in the schema `gatepass`. The same tables as in SQLite.
--
-- Times are milliseconds since 1970-01-01T00:00:00Z. Digests, seeds and grant ids are raw bytes. Lists and documents are
-- JSON in text, for jsonb would not give back what was written. Names are compared byte by byte.
-- No table references another: a decision says itself what goes with what, and the memory store has to agree.

CREATE TABLE clients (
    client_id           text COLLATE "C" PRIMARY KEY,
    client_name         text NOT NULL,
    client_secrets      bytea NOT NULL CHECK (octet_length(client_secrets) % 32 = 0), -- one digest after the other
    auth_methods        text NOT NULL,
    redirect_uris       text NOT NULL,
    grant_types         text NOT NULL,
    scope               text NOT NULL,
    default_scope       text NOT NULL,
    resources           text NOT NULL,
    require_pkce        boolean NOT NULL,
    json_body           boolean NOT NULL,
    access_token_ttl    bigint,
    refresh_grace       bigint,
    client_id_issued_at bigint NOT NULL,
    details             text NOT NULL
);

CREATE TABLE users (
    user_id       text COLLATE "C" PRIMARY KEY,
    username      text COLLATE "C" NOT NULL UNIQUE,
    password_hash text NOT NULL,
    created_at    bigint NOT NULL,
    locked_at     bigint,
    details       text NOT NULL
);

CREATE TABLE sessions (
    digest     bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    user_id    text COLLATE "C" NOT NULL,
    auth_time  bigint NOT NULL,
    expires_at bigint NOT NULL,
    details    text NOT NULL
);

CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE codes (
    digest         bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    grant_id       bytea NOT NULL CHECK (octet_length(grant_id) = 16),
    client_id      text COLLATE "C" NOT NULL,
    user_id        text COLLATE "C" NOT NULL,
    redirect_uri   text,
    code_challenge bytea CHECK (octet_length(code_challenge) = 32),
    scope          text NOT NULL,
    audience       text NOT NULL,
    auth_time      bigint NOT NULL,
    expires_at     bigint NOT NULL,
    spent_at       bigint,
    details        text NOT NULL
);

CREATE INDEX codes_by_end ON codes (expires_at);

CREATE TABLE grants (
    grant_id           bytea PRIMARY KEY CHECK (octet_length(grant_id) = 16),
    client_id          text COLLATE "C" NOT NULL,
    user_id            text COLLATE "C" NOT NULL,
    scope              text NOT NULL,
    audience           text NOT NULL,
    created_at         bigint NOT NULL,
    expires_at         bigint NOT NULL,
    revoked_at         bigint,
    family_seed        bytea CHECK (octet_length(family_seed) = 16),
    family_key_version bigint,
    family_head        bigint,
    family_rotated_at  bigint,
    details            text NOT NULL,
    -- A family is whole or absent.
    CHECK ((family_seed IS NULL) = (family_key_version IS NULL)
       AND (family_seed IS NULL) = (family_head IS NULL)
       AND (family_seed IS NULL) = (family_rotated_at IS NULL))
);

CREATE INDEX grants_by_end ON grants (expires_at);
CREATE INDEX grants_by_user ON grants (user_id);

CREATE TABLE api_keys (
    digest     bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    name       text COLLATE "C" NOT NULL UNIQUE,
    user_id    text COLLATE "C" NOT NULL,
    scope      text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint
);

CREATE TABLE denied (
    jti   text COLLATE "C" PRIMARY KEY,
    until bigint NOT NULL
);

CREATE INDEX denied_by_end ON denied (until);

CREATE TABLE sealed_keys (
    key_id     text COLLATE "C" PRIMARY KEY,
    purpose    text NOT NULL,
    alg        text NOT NULL,
    sealed     bytea NOT NULL,
    created_at bigint NOT NULL
);

-- What lives for a while: pushed requests, logins of devices, and the like.
CREATE TABLE items (
    space      text COLLATE "C" NOT NULL,
    digest     bytea NOT NULL CHECK (octet_length(digest) = 32),
    version    bigint NOT NULL,
    owner      text COLLATE "C",
    body       text NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (space, digest)
);

CREATE INDEX items_by_end ON items (expires_at);
CREATE INDEX items_by_owner ON items (space, owner) WHERE owner IS NOT NULL;

-- What is admitted once.
CREATE TABLE seen (
    space text COLLATE "C" NOT NULL,
    hash  bytea NOT NULL CHECK (octet_length(hash) = 32),
    until bigint NOT NULL,
    PRIMARY KEY (space, hash)
);

CREATE INDEX seen_by_end ON seen (until);

-- The throttle's memory.
CREATE TABLE accounts (
    account       text COLLATE "C" PRIMARY KEY,
    failures      bigint NOT NULL,
    last_at       bigint NOT NULL,
    blocked_until bigint
);

CREATE INDEX accounts_by_guess ON accounts (last_at);

CREATE TABLE audit (
    line      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        bigint NOT NULL,
    event     text NOT NULL,
    client_id text,
    user_id   text,
    grant_id  bytea
);

-- What has been written stays as it was written.
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
