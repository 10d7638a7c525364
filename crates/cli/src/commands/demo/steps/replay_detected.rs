//! A stolen refresh token: presented when it is two behind, it kills the whole family (RFC 9700 §4.14.2), and with it
//! the access token that is still in time.

use http::Method;

use super::Step;
use crate::commands::demo::check::{Checked, Fault, holds, same, there};
use crate::commands::demo::seen::{Seen, redacted};
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "replay-detected",
    run: |world, seen| Box::pin(run(world, seen)),
};

async fn run(world: &World, seen: &mut Seen) -> Checked {
    let (session, first) = world.logged_in().await?;
    let stolen = there("a refresh token", first.refresh_token)?;
    session.refresh().await?;
    let newest = session.refresh().await?;
    holds(
        "the newest access token to be active",
        world.introspect(&newest.access_token).await?.active,
    )?;

    seen.sent("POST /oauth/token by a thief, two behind");
    seen.sent(format!("refresh_token={}", redacted(&stolen)));
    let replay = [
        ("grant_type", "refresh_token"),
        ("refresh_token", stolen.expose()),
        ("client_id", world.set.public_client_id.as_str()),
    ];
    let answer = world
        .plain(Method::POST, "/oauth/token")
        .form(&replay)
        .send()
        .await?;
    same("the thief's status", answer.status, 400)?;
    same("the thief's error", answer.error(), "invalid_grant")?;
    seen.got("400 invalid_grant, family revoked");

    seen.sent("POST /oauth/introspect, newest token");
    let inactive = !world.introspect(&newest.access_token).await?.active;
    holds("the newest access token to be inactive", inactive)?;
    seen.got(r#"{"active":false}"#);

    seen.sent("a refresh by its owner");

    match session.refresh().await {
        Err(error) if error.is_login_needed() => {
            seen.got("login needed");
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err(Fault::new("the owner could still refresh after the replay")),
    }
}
