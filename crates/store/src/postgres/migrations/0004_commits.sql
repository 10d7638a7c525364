-- The last transaction of each session, by which its fate can be told when its end was not heard. A transaction's own
-- number would not do: a database that crashes before anything of it was written gives the number to another one.
-- A session changes its one row over and over, which stays on its page.
CREATE TABLE commits (
    session uuid PRIMARY KEY,
    number  bigint NOT NULL,
    at      timestamptz NOT NULL
) WITH (fillfactor = 50);
