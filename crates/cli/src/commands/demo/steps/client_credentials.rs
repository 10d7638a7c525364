//! A program's own token (RFC 6749 §4.4): the client is the subject, and no refresh token is needed.

use std::time::Duration;

use gatepass_client::{Credential, OAuth, SecretRef};

use super::Step;
use crate::commands::demo::check::{Checked, holds, same, same_text};
use crate::commands::demo::seen::{Seen, redacted};
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "client-credentials",
    run: |world, seen| Box::pin(run(world, seen)),
};

async fn run(world: &World, seen: &mut Seen) -> Checked {
    let client_id = &world.set.client_id;
    let secret = SecretRef::given(world.set.client_secret.as_str());
    let oauth = OAuth::client_credentials(&world.issuer, client_id, secret);
    let session = world.session(Credential::from(oauth))?;
    seen.sent("POST /oauth/token");
    seen.sent("grant_type=client_credentials");
    let token = session.token(Duration::ZERO).await?;
    seen.got(redacted(&token.access_token));
    holds(
        "no refresh token (RFC 6749 §4.4.3)",
        token.refresh_token.is_none(),
    )?;
    let stays = session.token(Duration::ZERO).await?;
    holds(
        "the token to be used again",
        stays.access_token == token.access_token,
    )?;

    let entered = world.enter(&session, "/api/data", seen).await?;
    same("subject", &entered.subject, client_id)?;
    same_text("client", entered.client_id.as_deref(), client_id)
}
