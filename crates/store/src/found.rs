//! What is at an address that was only looked at.

use gatepass_proto::decide::record::{Record, SealedKey};

/// What [`look`](crate::look) has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No tables yet: they are made when a server starts.
    Nothing,
    /// The tables of an older gatepass.
    Older {
        /// How many steps a server takes when it starts.
        steps: usize,
    },
    /// The tables of this one.
    Ours {
        /// The server's own keys, as they lie there.
        keys: Vec<SealedKey>,
    },
}

impl Found {
    pub(crate) fn ours(records: Vec<Record>) -> Self {
        let key = |record| match record {
            Record::SealedKey(key) => Some(key),
            _ => None,
        };
        Self::Ours {
            keys: records.into_iter().filter_map(key).collect(),
        }
    }
}
