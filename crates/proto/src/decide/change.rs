//! What a decision asks the store to do: all of it or none.

use super::item::Item;
use super::record::{Client, Key, Record, User};
use crate::{ClientId, Digest, GrantId, Timestamp, UserId};

/// One change, with the condition under which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Adds a record. Conflicts when its key (or a unique name) is taken.
    Insert(Record),
    /// Puts a client or a user in place of what it was. Conflicts when anything else stands there now.
    Update(Box<Edit>),
    /// Marks a code as redeemed. Conflicts when it is gone or already redeemed.
    SpendCode {
        /// The code's digest.
        digest: Digest,
        /// When.
        at: Timestamp,
    },
    /// Moves the head of a refresh family. Conflicts when the head is not at `from`, the grant is gone or
    /// it is revoked.
    Advance {
        /// The grant whose family moves.
        grant_id: GrantId,
        /// Where the head must be.
        from: u32,
        /// Where it goes.
        to: u32,
        /// When.
        at: Timestamp,
    },
    /// Withdraws a grant and everything that came from it. Holds when it is gone or withdrawn already; the
    /// first time stays.
    Revoke {
        /// Which.
        grant_id: GrantId,
        /// When.
        at: Timestamp,
    },
    /// Withdraws one access token. Holds when it is withdrawn already.
    Deny {
        /// The token's `jti`.
        jti: String,
        /// When it would have ended anyway.
        until: Timestamp,
    },
    /// Admits something once (a `jti`). Refused for good when it was seen before: `Spent`, not a conflict.
    Once {
        /// What kind of thing; each kind has its own space.
        space: &'static str,
        /// The thing's digest.
        hash: Digest,
        /// Until when it must be remembered.
        until: Timestamp,
    },
    /// Puts an item in place of the version before it. Conflicts when that is not what stands there.
    Replace(Item),
    /// Takes an item away. Conflicts when this version is not what stands there.
    Take {
        /// Its kind.
        space: &'static str,
        /// What it is found by.
        digest: Digest,
        /// The version.
        version: u32,
    },
    /// Deletes a record. Holds when it is gone.
    Delete(Key),
    /// Writes a line of the audit log.
    Audit(AuditEvent),
}

/// A record that lasts, before and after. Both have the same primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it lies in a box wherever it is")]
pub enum Edit {
    /// Of a client.
    Client {
        /// What it must be.
        before: Client,
        /// What it becomes.
        after: Client,
    },
    /// Of a user.
    User {
        /// What it must be.
        before: User,
        /// What it becomes.
        after: User,
    },
}

impl Change {
    /// Changes a client, unless somebody else was faster.
    pub fn client(before: &Client, after: Client) -> Self {
        let before = before.clone();
        Self::Update(Box::new(Edit::Client { before, after }))
    }

    /// Changes a user, unless somebody else was faster.
    pub fn user(before: &User, after: User) -> Self {
        let before = before.clone();
        Self::Update(Box::new(Edit::User { before, after }))
    }
}

/// A line of the audit log. It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// When it happened.
    pub at: Timestamp,
    /// What happened, in a fixed word or two: `refresh.replayed`, `code.replayed`, `login.failed` ….
    pub event: &'static str,
    /// The client concerned.
    pub client_id: Option<ClientId>,
    /// The user concerned.
    pub user_id: Option<UserId>,
    /// The grant concerned.
    pub grant_id: Option<GrantId>,
}

impl AuditEvent {
    /// An event about nobody yet.
    pub fn new(at: Timestamp, event: &'static str) -> Self {
        Self {
            at,
            event,
            client_id: None,
            user_id: None,
            grant_id: None,
        }
    }

    /// About this client.
    #[must_use]
    pub fn client(mut self, client_id: &ClientId) -> Self {
        self.client_id = Some(client_id.clone());
        self
    }

    /// About this user.
    #[must_use]
    pub fn user(mut self, user_id: &UserId) -> Self {
        self.user_id = Some(user_id.clone());
        self
    }

    /// About this grant.
    #[must_use]
    pub fn grant(mut self, grant_id: GrantId) -> Self {
        self.grant_id = Some(grant_id);
        self
    }
}

/// A line of the audit log as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// Its number; later lines have greater ones.
    pub line: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: String,
    /// The client concerned.
    pub client_id: Option<ClientId>,
    /// The user concerned.
    pub user_id: Option<UserId>,
    /// The grant concerned.
    pub grant_id: Option<GrantId>,
}

impl AuditLine {
    /// What was written as line number `line`.
    pub fn of(line: u64, event: &AuditEvent) -> Self {
        Self {
            line,
            at: event.at,
            event: event.event.to_owned(),
            client_id: event.client_id.clone(),
            user_id: event.user_id.clone(),
            grant_id: event.grant_id,
        }
    }
}
