//! How records go from one database to another, of whatever kind: lines of JSON, one record each, between a header and an
//! end that says how many there were.
//!
//! ```text
//! {"gatepass_export":{"version":1,"export_id":"…","exported_at":1800000000000}}
//! {"user":{"user_id":"us_1","username":"me","password_hash":"$argon2id$…","created_at":1800000000000}}
//! {"end":{"records":1}}
//! ```
//!
//! What lasts is exported ([`TABLES`]). Codes, logins, opaque access tokens and the like are not: whoever has one begins
//! again. Times are milliseconds since 1970-01-01T00:00:00Z, bytes base64url.
//!
//! A line is read as if anybody had written it: it is bounded, no member is unknown or there twice, and what is refused is
//! not repeated, for it may hold what nobody else should see.

mod line;
mod wire;

pub use line::{Header, Line, LineError, MAX_LINE, VERSION};

use crate::Table;

/// The kind of item that remembers what a person has agreed to.
pub const CONSENTS: &str = "consent";

/// The kind of item that is an initial access token.
pub const INVITATIONS: &str = "invitation";

/// What is exported, in this order: what names a user, a client or a key comes before it, so that what it names, made
/// earlier, is not missed.
pub const TABLES: [Table; 8] = [
    Table::Grants,
    Table::ApiKeys,
    Table::Items(CONSENTS),
    Table::Items(INVITATIONS),
    Table::Denied,
    Table::Users,
    Table::Clients,
    Table::SealedKeys,
];
