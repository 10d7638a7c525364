//! The person says no: the browser comes back with `access_denied`, and the client says so and keeps nothing.

use gatepass_client::{Credential, OAuth, TokenState};

use super::Step;
use crate::commands::demo::check::{Checked, Fault, holds, same};
use crate::commands::demo::seen::Seen;
use crate::commands::demo::user_agent::Decision;
use crate::commands::demo::visitor::log_in;
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "consent-denied",
    run: |world, seen| Box::pin(run(world, seen)),
};

async fn run(world: &World, seen: &mut Seen) -> Checked {
    let oauth = OAuth::authorization_code(&world.issuer, &world.set.public_client_id);
    let session = world.session(Credential::from(oauth))?;
    seen.sent("GET /oauth/authorize?…code_challenge=…");
    let login = log_in(&session, &world.agent, Decision::Deny).await?;
    seen.sent(login.seen.forms);
    let Err(error) = login.outcome else {
        return Err(Fault::new("the login succeeded though consent was denied"));
    };
    let text = error.to_string();
    holds("the error access_denied", text.starts_with("access_denied"))?;
    holds("it to count as a refusal", error.is_refusal())?;
    seen.got("error=access_denied");
    seen.got(format!("callback page {:?}", login.seen.page.heading));
    same(
        "the heading of the callback's page",
        login.seen.page.heading.as_str(),
        "Access was denied",
    )?;
    let state = session.status().await?.state;
    holds("nothing to be kept", state == TokenState::LoginNeeded)
}
