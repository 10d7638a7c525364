//! Records as they stand in a line. Each mirrors the record of its name.

use std::borrow::Cow;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_proto::decide::change::AuditLine;
use gatepass_proto::decide::details::{GrantDetails, UserDetails};
use gatepass_proto::decide::item::Item;
use gatepass_proto::decide::record::{
    ApiKey, Client, Denied, Family, Grant, Record, SealedKey, User,
};
use gatepass_proto::{ClientId, Digest, GrantId, Scope, Timestamp, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{CONSENTS, INVITATIONS};

/// A line of any kind.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wire {
    GatepassExport(super::Header),
    Client(Client),
    User(#[serde(with = "UserWire")] User),
    Grant(#[serde(with = "GrantWire")] Grant),
    ApiKey(#[serde(with = "ApiKeyWire")] ApiKey),
    Denied(#[serde(with = "DeniedWire")] Denied),
    SealedKey(#[serde(with = "SealedKeyWire")] SealedKey),
    Item(ItemWire),
    Audit(#[serde(with = "AuditWire")] AuditLine),
    End(End),
}

/// How an export ends.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) records: u64,
}

impl Wire {
    /// A record of a kind that is exported.
    pub(super) fn of(record: &Record) -> Option<Self> {
        Some(match record.clone() {
            Record::Client(own) => Self::Client(own),
            Record::User(own) => Self::User(own),
            Record::Grant(own) => Self::Grant(own),
            Record::ApiKey(own) => Self::ApiKey(own),
            Record::Denied(own) => Self::Denied(own),
            Record::SealedKey(own) => Self::SealedKey(own),
            Record::Item(own) => Self::Item(ItemWire::of(own)?),
            Record::Session(_) | Record::Code(_) => return None,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "User", deny_unknown_fields)]
struct UserWire {
    user_id: UserId,
    username: String,
    password_hash: String,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    locked_at: Option<Timestamp>,
    #[serde(default)]
    details: UserDetails,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Grant", deny_unknown_fields)]
struct GrantWire {
    grant_id: GrantId,
    client_id: ClientId,
    user_id: UserId,
    scope: Scope,
    audience: Vec<String>,
    created_at: Timestamp,
    expires_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "family")]
    family: Option<Family>,
    #[serde(default)]
    details: Box<GrantDetails>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Family", deny_unknown_fields)]
struct FamilyWire {
    #[serde(with = "base64url")]
    seed: [u8; 16],
    key_version: u32,
    head: u32,
    rotated_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ApiKey", deny_unknown_fields)]
struct ApiKeyWire {
    digest: Digest,
    name: String,
    user_id: UserId,
    scope: Scope,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Denied", deny_unknown_fields)]
struct DeniedWire {
    jti: String,
    until: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SealedKey", deny_unknown_fields)]
struct SealedKeyWire {
    key_id: String,
    purpose: String,
    alg: String,
    #[serde(with = "base64url")]
    sealed: Vec<u8>,
    created_at: Timestamp,
    activates_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemWire {
    space: Space,
    digest: Digest,
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    body: String,
    expires_at: Timestamp,
}

/// One of the kinds that last.
#[derive(Serialize)]
struct Space(&'static str);

impl ItemWire {
    fn of(item: Item) -> Option<Self> {
        Some(Self {
            space: Space::named(item.space)?,
            digest: item.digest,
            version: item.version,
            owner: item.owner,
            body: item.body,
            expires_at: item.expires_at,
        })
    }

    pub(super) fn into_item(self) -> Item {
        Item {
            space: self.space.0,
            digest: self.digest,
            version: self.version,
            owner: self.owner,
            body: self.body,
            expires_at: self.expires_at,
        }
    }
}

impl Space {
    fn named(name: &str) -> Option<Self> {
        let mut known = [CONSENTS, INVITATIONS].into_iter();
        known.find(|known| *known == name).map(Self)
    }
}

impl<'de> Deserialize<'de> for Space {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| de::Error::custom("items of this kind are not exported"))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "AuditLine", deny_unknown_fields)]
struct AuditWire {
    line: u64,
    at: Timestamp,
    event: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grant_id: Option<GrantId>,
}

mod family {
    use super::{Deserialize, Deserializer, Family, FamilyWire, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Whole(#[serde(with = "FamilyWire")] Family);

    pub(super) fn serialize<S: Serializer>(
        family: &Option<Family>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        family.clone().map(Whole).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Family>, D::Error> {
        let read = Option::<Whole>::deserialize(deserializer)?;
        Ok(read.map(|Whole(family)| family))
    }
}

mod base64url {
    use base64::Engine as _;

    use super::{Cow, Deserialize, Deserializer, Serializer, URL_SAFE_NO_PAD, de};

    pub(super) fn serialize<S: Serializer>(
        bytes: &impl AsRef<[u8]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(&*text).ok();
        let read = bytes.and_then(|bytes| T::try_from(bytes).ok());
        read.ok_or_else(|| de::Error::custom("not base64url of the right length"))
    }
}
