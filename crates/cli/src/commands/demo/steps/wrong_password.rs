//! A wrong password at each door: the login endpoint, the login page and HTTP Basic. The right one opens afterwards.

use std::time::Duration;

use gatepass_client::{Credential, Error, SecretRef};
use gatepass_proto::Secret;
use gatepass_proto::message::authorization::OUT_OF_BAND;
use http::header::WWW_AUTHENTICATE;
use url::Url;

use super::Step;
use crate::commands::demo::check::{Checked, Fault, holds, same, same_text};
use crate::commands::demo::seen::Seen;
use crate::commands::demo::user_agent::{Decision, Landing};
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "wrong-password",
    run: |world, seen| Box::pin(run(world, seen)),
};

const WRONG: &str = "not the password";

async fn run(world: &World, seen: &mut Seen) -> Checked {
    at_the_endpoint(world, seen).await?;
    on_the_page(world, seen).await?;
    by_basic(world, seen).await?;
    // Guesses count in a row: a right one puts an end to it.
    let right = SecretRef::given(world.set.password.as_str());
    let session = world.session(Credential::login(
        world.url("/auth/token"),
        &world.set.user,
        right,
    ))?;
    session.token(Duration::ZERO).await?;
    Ok(())
}

async fn at_the_endpoint(world: &World, seen: &mut Seen) -> Checked {
    let url = world.url("/auth/token");
    let session = world.session(Credential::login(
        url,
        &world.set.user,
        SecretRef::given(WRONG),
    ))?;
    seen.sent("POST /auth/token password=[wrong]");
    match session.token(Duration::ZERO).await {
        Err(Error::LoginRefused { status, reason, .. }) => {
            same("the login endpoint's status", status.as_u16(), 401)?;
            seen.got(format!("401 {}", reason.unwrap_or_default()));
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err(Fault::new("the login endpoint took a wrong password")),
    }
}

async fn on_the_page(world: &World, seen: &mut Seen) -> Checked {
    let client = world.set.client_id.as_str();
    let query = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", OUT_OF_BAND),
    ];
    let url = Url::parse_with_params(&world.url("/oauth/authorize"), query)?;
    let agent = world.another_agent(&world.set.user, Secret::new(WRONG))?;
    seen.sent("login form: password=[wrong]");
    let Landing::Page(page) = agent.visit(&url, Decision::Allow).await?.landing else {
        return Err(Fault::new("a wrong password led away from the login page"));
    };
    same("the page's status", page.status, 403)?;
    let problem = page.problem.unwrap_or_default();
    holds(
        "the page to say what is wrong",
        problem.contains("password is wrong"),
    )?;
    holds("the form to be there again", page.form.is_some())?;
    let (what, _) = problem.split_once('.').unwrap_or((&problem, ""));
    seen.got(format!("403 {what}"));
    Ok(())
}

async fn by_basic(world: &World, seen: &mut Seen) -> Checked {
    let session = world.session(Credential::basic(&world.set.user, SecretRef::given(WRONG)))?;
    seen.sent("GET /protected-resource, Basic [wrong]");
    let answer = session.get(world.url("/protected-resource")).send().await?;
    same("the status of Basic", answer.status().as_u16(), 401)?;
    let basic = answer.headers().get_all(WWW_AUTHENTICATE).iter();
    let basic = basic
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("Basic "));
    holds("a Basic challenge", basic)?;
    let body: serde_json::Value = answer.json().await?;
    same_text(
        "the error of Basic",
        body.get("error").and_then(|e| e.as_str()),
        "unauthorized",
    )?;
    seen.got("401 unauthorized");
    Ok(())
}
