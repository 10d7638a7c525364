//! User name and password with every request (RFC 7617), after a 401 that asks for them.

use gatepass_client::{Credential, SecretRef};
use http::Method;

use super::Step;
use crate::commands::demo::check::{Checked, holds, same};
use crate::commands::demo::seen::Seen;
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "basic",
    run: |world, seen| Box::pin(run(world, seen)),
};

const PATH: &str = "/protected-resource";

async fn run(world: &World, seen: &mut Seen) -> Checked {
    seen.sent(format!("GET {PATH}"));
    let refused = world.plain(Method::GET, PATH).send().await?;
    same("the status without credentials", refused.status, 401)?;
    holds(
        "a Basic challenge with a realm",
        refused.challenge("Basic", "realm").is_some(),
    )?;
    seen.got("401 WWW-Authenticate: Basic realm=…");

    let password = SecretRef::given(world.set.password.as_str());
    let session = world.session(Credential::basic(&world.set.user, password))?;
    let entered = world.enter(&session, PATH, seen).await?;
    same("subject", &entered.subject, &world.user_id)?;
    same("scheme", entered.scheme.as_str(), "basic")
}
