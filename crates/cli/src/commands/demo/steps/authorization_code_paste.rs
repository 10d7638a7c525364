//! A login whose answer the person carries over by hand: the code from the page of `urn:ietf:wg:oauth:2.0:oob`, and, in
//! a program of the older kind, the whole address that the browser could not load, exchanged as JSON without PKCE.

use std::time::Duration;

use gatepass_client::{Credential, Grant, OAuth, SecretRef};
use gatepass_proto::message::authorization::OUT_OF_BAND;
use http::Method;
use url::Url;

use super::Step;
use crate::commands::demo::check::{Checked, Fault, same, same_text, there};
use crate::commands::demo::seen::{Seen, redacted};
use crate::commands::demo::user_agent::{Decision, Landing};
use crate::commands::demo::visitor::log_in;
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "authorization-code-paste",
    run: |world, seen| Box::pin(run(world, seen)),
};

/// Nothing listens there.
const UNSERVED: &str = "https://localhost";

async fn run(world: &World, seen: &mut Seen) -> Checked {
    by_the_library(world, seen).await?;
    by_an_older_program(world, seen).await
}

async fn by_the_library(world: &World, seen: &mut Seen) -> Checked {
    let (set, grant) = (
        &world.set,
        Grant::AuthorizationCode {
            redirect_uri: OUT_OF_BAND.to_owned(),
        },
    );
    let secret = SecretRef::given(set.client_secret.as_str());
    let mut oauth = OAuth::new(
        Some(world.issuer.clone()),
        Some(set.client_id.clone()),
        Some(secret),
        grant,
    );
    oauth.client_auth = Some("client_secret_post".to_owned());
    oauth.scope = Some("read-write".parse()?);
    let session = world.session(Credential::from(oauth))?;
    seen.sent("GET /oauth/authorize?redirect_uri=…:oob");
    let login = log_in(&session, &world.agent, Decision::Allow).await?;
    login.outcome?;
    let code = there("a code on the page", login.seen.page.code)?;
    seen.sent(login.seen.forms);
    seen.got(format!(
        "page {:?}: {}",
        login.seen.page.heading,
        redacted(&code.into())
    ));
    seen.sent("the code pasted, secret in the body");
    seen.got(redacted(&session.token(Duration::ZERO).await?.access_token));

    let entered = world.enter(&session, "/api/protected_data", seen).await?;
    same("subject", &entered.subject, &world.user_id)?;
    same_text("client", entered.client_id.as_deref(), &set.client_id)?;
    same("scope", entered.scope.as_str(), "read-write")?;
    seen.got(format!("scope {}", entered.scope));
    Ok(())
}

async fn by_an_older_program(world: &World, seen: &mut Seen) -> Checked {
    let (id, secret) = (
        world.set.client_id.as_str(),
        world.set.client_secret.as_str(),
    );
    let query = [
        ("response_type", "code"),
        ("client_id", id),
        ("redirect_uri", UNSERVED),
        ("state", "s"),
    ];
    let url = Url::parse_with_params(&world.url("/auth/authorize"), query)?;
    let visit = world.agent.visit(&url, Decision::Allow).await?;
    let Landing::Away(address) = visit.landing else {
        return Err(Fault::new("the browser was not sent to the redirect URI"));
    };
    let param = |name| {
        address
            .query_pairs()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value)
    };
    same_text("state", param("state").as_deref(), "s")?;
    let code = there("a code in the address", param("code"))?;
    let exchange = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", UNSERVED),
        ("client_id", id),
        ("client_secret", secret),
    ];
    seen.sent("an older program: JSON, without PKCE");
    let answer = world
        .plain(Method::POST, "/oauth/token")
        .json(&exchange)
        .send()
        .await?;
    same("the error of a JSON exchange", answer.error(), "none")?;
    let token = answer.secret("access_token")?;
    seen.got(redacted(&token));
    let entered = world
        .plain(Method::GET, "/api/data")
        .bearer(&token)
        .send()
        .await?;
    same_text("subject", entered.text("subject"), &world.user_id)
}
