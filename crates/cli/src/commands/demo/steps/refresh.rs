//! A refresh (RFC 6749 §6): the refresh token rotates, and the one before it, presented again within the grace because
//! an answer was lost, gives the same successor.

use http::Method;

use super::Step;
use crate::commands::demo::check::{Checked, holds, same, there};
use crate::commands::demo::seen::{Seen, redacted};
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "refresh",
    run: |world, seen| Box::pin(run(world, seen)),
};

async fn run(world: &World, seen: &mut Seen) -> Checked {
    let (session, first) = world.logged_in().await?;
    let spent = there("a refresh token", first.refresh_token)?;
    seen.sent("POST /oauth/token");
    seen.sent(format!("refresh_token={}", redacted(&spent)));
    let second = session.refresh().await?;
    let successor = there("a refresh token after the refresh", second.refresh_token)?;
    holds(
        "another access token",
        second.access_token != first.access_token,
    )?;
    holds("another refresh token", successor != spent)?;
    seen.got("another access and refresh token");
    let entered = world.enter(&session, "/api/data", seen).await?;
    same("subject", &entered.subject, &world.user_id)?;

    seen.sent("the old refresh token once more");
    let again = [
        ("grant_type", "refresh_token"),
        ("refresh_token", spent.expose()),
        ("client_id", world.set.public_client_id.as_str()),
    ];
    let answer = world
        .plain(Method::POST, "/oauth/token")
        .form(&again)
        .send()
        .await?;
    same(
        "the error of a repeat within the grace",
        answer.error(),
        "none",
    )?;
    holds(
        "the same successor within the grace",
        answer.secret("refresh_token")? == successor,
    )?;
    seen.got("the same successor, within the grace");
    Ok(())
}
