//! What is read page by page.

use gatepass_proto::decide::record::{Key, Record};

/// The records of one kind, as [`Store::page`](crate::Store::page) reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// All clients, in the order of their ids.
    Clients,
    /// All users, in the order of their ids.
    Users,
    /// All grants, in the order of their ids.
    Grants,
    /// All API keys, in the order of their digests.
    ApiKeys,
    /// All withdrawn access tokens, in the order of their `jti`.
    Denied,
    /// All sealed keys, in the order of their ids.
    SealedKeys,
    /// All items of a kind, in the order of their digests.
    Items(&'static str),
}

impl Table {
    /// By what a record of this table stands in it: the bytes of its key. `None` for a record of another one.
    pub(crate) fn place(self, record: &Record) -> Option<Vec<u8>> {
        let key = match (self, record) {
            (Self::Clients, Record::Client(_))
            | (Self::Users, Record::User(_))
            | (Self::Grants, Record::Grant(_))
            | (Self::ApiKeys, Record::ApiKey(_))
            | (Self::Denied, Record::Denied(_))
            | (Self::SealedKeys, Record::SealedKey(_)) => record.key(),
            (Self::Items(space), Record::Item(item)) if item.space == space => item.key(),
            _ => return None,
        };
        Some(bytes(&key))
    }
}

/// A key as it is compared.
pub(crate) fn bytes(key: &Key) -> Vec<u8> {
    match key {
        Key::Client(id) => id.as_str().into(),
        Key::User(id) => id.as_str().into(),
        Key::Username(text) | Key::Denied(text) | Key::SealedKey(text) => text.as_str().into(),
        Key::Session(digest)
        | Key::Code(digest)
        | Key::ApiKey(digest)
        | Key::Item { digest, .. } => digest.as_bytes().to_vec(),
        Key::Grant(id) => id.as_bytes().to_vec(),
    }
}
