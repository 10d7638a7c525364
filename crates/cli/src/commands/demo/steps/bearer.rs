//! A token that somebody else has made (RFC 6750), and one that is forged.

use std::time::Duration;

use gatepass_client::{Credential, OAuth, SecretRef};
use gatepass_proto::Secret;
use http::Method;

use super::Step;
use crate::commands::demo::check::{Checked, same, same_text};
use crate::commands::demo::seen::Seen;
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "bearer",
    run: |world, seen| Box::pin(run(world, seen)),
};

async fn run(world: &World, seen: &mut Seen) -> Checked {
    let secret = SecretRef::given(world.set.client_secret.as_str());
    let maker = OAuth::client_credentials(&world.issuer, &world.set.client_id, secret);
    let made = world
        .session(Credential::from(maker))?
        .token(Duration::ZERO)
        .await?;

    let token = SecretRef::given(made.access_token.expose());
    let session = world.session(Credential::bearer(token))?;
    let entered = world.enter(&session, "/api/data", seen).await?;
    same("subject", &entered.subject, &world.set.client_id)?;
    same("scheme", entered.scheme.as_str(), "bearer")?;

    seen.sent("the same with a forged signature");
    let refused = world
        .plain(Method::GET, "/api/data")
        .bearer(&forged(&made.access_token))
        .send()
        .await?;
    same("the status of a forged token", refused.status, 401)?;
    same_text(
        "the challenge to a forged token",
        refused.challenge("Bearer", "error"),
        "invalid_token",
    )?;
    seen.got("401 invalid_token");
    Ok(())
}

/// The same claims under another signature: every character of it is turned round.
fn forged(token: &Secret) -> Secret {
    let (claims, signature) = token.expose().rsplit_once('.').unwrap_or_default();
    Secret::new(format!(
        "{claims}.{}",
        signature.chars().rev().collect::<String>()
    ))
}
