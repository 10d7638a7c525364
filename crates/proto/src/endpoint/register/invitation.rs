//! Initial access tokens (RFC 7591 §1.2): an operator gives them away, and whoever has one may register a client.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::opaque;
use crate::decide::change::Change;
use crate::decide::item::{Item, Kept};
use crate::decide::{Facts, Halt};
use crate::{Cx, ErrorCode, OAuthError, Secret, Timestamp};

/// An initial access token as it is kept: found by its SHA-256.
#[derive(Serialize, Deserialize)]
struct Invitation {
    /// How many clients may still be registered by it.
    uses: u32,
}

impl Kept for Invitation {
    const SPACE: &'static str = "invitation";
}

/// A fresh initial access token that is good `uses` times within `lifetime`, and what makes it so.
pub fn invite(uses: u32, lifetime: Duration, cx: &mut Cx<'_>) -> (Secret, Change) {
    let token = opaque::mint(opaque::INITIAL_ACCESS_TOKEN, cx);
    let item = Item::new(token.digest(), &Invitation { uses }, cx.now + lifetime);
    (token, item.insert())
}

/// Whether the token is good, and what takes one use from it. Of two who hold the last, one gets it.
pub(super) fn accept(
    token: Option<&Secret>,
    facts: &Facts,
    now: Timestamp,
) -> Result<Change, Halt> {
    let refused = |text: &'static str| OAuthError::new(ErrorCode::InvalidToken, text);
    let token =
        token.ok_or_else(|| refused("registration takes an initial access token as Bearer"))?;
    let (item, invitation) = facts
        .item::<Invitation>(token.digest(), now)?
        .ok_or_else(|| refused("the initial access token is not good, or not any more"))?;
    Ok(match invitation.uses {
        0 | 1 => item.take(),
        uses => item.replace(&Invitation { uses: uses - 1 }),
    })
}
