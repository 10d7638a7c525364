//! An API key, in a header of its own and as a bearer token.

use gatepass_client::{ApiKey, Credential, KeyPlace, SecretRef};

use super::Step;
use crate::commands::demo::check::{Checked, same};
use crate::commands::demo::seen::Seen;
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "api-key",
    run: |world, seen| Box::pin(run(world, seen)),
};

async fn run(world: &World, seen: &mut Seen) -> Checked {
    for place in [KeyPlace::default(), KeyPlace::Bearer] {
        let key = SecretRef::given(world.set.api_key.as_str());
        let session = world.session(Credential::ApiKey(ApiKey { key, place }))?;
        let entered = world.enter(&session, "/api/endpoint", seen).await?;
        same("subject", &entered.subject, &world.user_id)?;
        same("scheme", entered.scheme.as_str(), "api-key")?;
    }
    Ok(())
}
