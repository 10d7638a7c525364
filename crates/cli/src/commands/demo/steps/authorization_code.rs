//! A login with the browser (RFC 6749 §4.1) by a public client: discovery, PKCE, `state` and `iss`, and a listener on
//! loopback for the browser to come back to.

use std::time::Duration;

use gatepass_client::{Credential, OAuth};

use super::Step;
use crate::commands::demo::check::{Checked, holds, same, same_text, there};
use crate::commands::demo::seen::{Seen, redacted};
use crate::commands::demo::user_agent::Decision;
use crate::commands::demo::visitor::log_in;
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "authorization-code",
    run: |world, seen| Box::pin(run(world, seen)),
};

async fn run(world: &World, seen: &mut Seen) -> Checked {
    let client_id = &world.set.public_client_id;
    let oauth = OAuth::authorization_code(&world.issuer, client_id);
    let session = world.session(Credential::from(oauth))?;
    seen.sent("GET /oauth/authorize?…code_challenge=…");
    let login = log_in(&session, &world.agent, Decision::Allow).await?;
    login.outcome?;
    seen.sent(login.seen.forms);
    seen.got(format!("callback page {:?}", login.seen.page.heading));
    same(
        "the status of the callback's page",
        login.seen.page.status,
        200,
    )?;

    seen.sent("POST /oauth/token code=gp_ac_…[redacted]");
    let token = session.token(Duration::ZERO).await?;
    let refresh_token = there("a refresh token", token.refresh_token.as_ref())?;
    seen.got(format!(
        "{}, {}",
        redacted(&token.access_token),
        redacted(refresh_token)
    ));
    holds(
        "the issuer to be known",
        token.issuer.as_ref() == Some(&world.issuer),
    )?;

    let entered = world.enter(&session, "/api/protected_data", seen).await?;
    same("subject", &entered.subject, &world.user_id)?;
    same_text("client", entered.client_id.as_deref(), client_id)
}
