//! From a 401 to the data by a client that knows nothing but a URL: the API's refusal leads to its login server (RFC 9728,
//! RFC 8414), where the client registers itself (RFC 7591), and somebody logs in.

use gatepass_client::Credential;
use url::Url;

use super::Step;
use crate::commands::demo::check::{Checked, holds, same, same_text, there};
use crate::commands::demo::seen::Seen;
use crate::commands::demo::user_agent::Decision;
use crate::commands::demo::visitor::log_in;
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "zero-config",
    run: |world, seen| Box::pin(run(world, seen)),
};

const PATH: &str = "/api/data";

async fn run(world: &World, seen: &mut Seen) -> Checked {
    let stranger = world.session(Credential::discover())?;
    let url: Url = world.url(PATH).parse()?;
    seen.sent(format!("GET {PATH} without a credential"));
    let session = stranger.session_for(&url).await?;
    let oauth = match session.credential() {
        Credential::OAuth(oauth) => Some(oauth),
        _ => None,
    };
    let oauth = there("an authorization server that the API names", oauth)?;
    same_text("issuer", oauth.issuer.as_deref(), &world.issuer)?;
    let resource = oauth.resource.first();
    let resource = resource.and_then(|url| url.strip_prefix(&world.issuer));
    seen.got(match resource {
        Some(path) => format!("401, tokens for {path} by the server"),
        None => "401, tokens by the server".to_owned(),
    });

    seen.sent("POST /oauth/register");
    let login = log_in(&session, &world.agent, Decision::Allow).await?;
    login.outcome?;
    let registered = session.registration().await?;
    let client = there("a client that registered itself", registered)?;
    seen.sent(login.seen.forms);
    seen.got(format!("callback page {:?}", login.seen.page.heading));

    let entered = world.enter(&session, PATH, seen).await?;
    same("subject", &entered.subject, &world.user_id)?;
    holds(
        "the client to be the one that registered itself",
        entered.client_id.as_deref() == Some(client.client_id.as_str()),
    )
}
