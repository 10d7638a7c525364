//! Opaque access tokens: random text, of which the database keeps the SHA-256 and what a JWT would say. Nobody but this
//! server can tell what such a token is good for; it is taken back wherever a JWT would be.

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::item::{Item, Kept};
use super::record::{Client, Key};
use super::{Done, Facts, Halt, Issue, Rules};
use crate::base::opaque::{self, ACCESS_TOKEN};
use crate::jose::access_token::AccessToken;
use crate::{Cx, Digest, Secret, Timestamp};

/// What a token is good for, found by the token's SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claims(pub AccessToken);

impl Kept for Claims {
    const SPACE: &'static str = "access_token";
}

/// Has the access token be opaque, where its client or one of its resources wants that. It comes last: whatever the token
/// is bound to must be known.
pub fn settle(done: &mut Done<Issue>, client: &Client, rules: &Rules, cx: &mut Cx<'_>) {
    let claims = &done.value.access_token;
    let resources = &rules.tokens.opaque_resources;
    let resource = |own: &str| resources.iter().any(|opaque| opaque == own);
    if !client.details.opaque_access_tokens && !claims.aud.iter().any(resource) {
        return;
    }
    let token = opaque::mint(ACCESS_TOKEN, cx);
    let until = Timestamp::from_secs(claims.exp);
    let item = Item::new(token.digest(), &Claims(claims.clone()), until);
    done.changes.push(item.insert());
    done.value.opaque = Some(token);
}

/// By what this token is found, if it is one: a typing error finds nothing.
pub fn digest(token: &str) -> Option<Digest> {
    opaque::decode(ACCESS_TOKEN, token)?;
    Some(Secret::new(token).digest())
}

/// What the token of this digest is good for, while it is in time.
///
/// # Errors
///
/// [`Halt::Need`] while it is not known.
pub fn claims(digest: Digest, facts: &Facts, now: Timestamp) -> Result<Option<AccessToken>, Halt> {
    let found = facts.item::<Claims>(digest, now)?;
    Ok(found.map(|(_, Claims(claims))| claims))
}

/// Forgets a token.
pub fn forget(digest: Digest) -> Change {
    Change::Delete(Key::Item {
        space: Claims::SPACE,
        digest,
    })
}
