//! A logout (RFC 7009): the server forgets the grant, and no token of it is good any more.

use gatepass_client::{LogoutReport, TokenState};
use http::Method;

use super::Step;
use crate::commands::demo::check::{Checked, Fault, holds, same, same_text, there};
use crate::commands::demo::seen::{Seen, redacted};
use crate::commands::demo::world::World;

pub(super) const STEP: Step = Step {
    name: "revoke",
    run: |world, seen| Box::pin(run(world, seen)),
};

async fn run(world: &World, seen: &mut Seen) -> Checked {
    let (session, token) = world.logged_in().await?;
    let refresh_token = there("a refresh token", token.refresh_token)?;
    let before = world.introspect(&token.access_token).await?;
    holds("the access token to be active at first", before.active)?;
    same_text("its subject", before.sub.as_deref(), &world.user_id)?;

    seen.sent("POST /oauth/revoke");
    seen.sent(format!("token={}", redacted(&refresh_token)));
    match session.logout().await? {
        LogoutReport::Revoked => seen.got("200, and forgotten here"),
        other => {
            return Err(Fault::new(format!(
                "expected the server to revoke, got {other:?}"
            )));
        }
    }
    for (what, secret) in [("access", &token.access_token), ("refresh", &refresh_token)] {
        let active = world.introspect(secret).await?.active;
        holds(&format!("the {what} token to be inactive"), !active)?;
    }
    seen.sent("POST /oauth/introspect, both tokens");
    seen.got(r#"{"active":false}, both"#);

    seen.sent("GET /api/data with that token");
    let answer = world
        .plain(Method::GET, "/api/data")
        .bearer(&token.access_token)
        .send()
        .await?;
    same("the status of a call with it", answer.status, 401)?;
    same_text(
        "its challenge",
        answer.challenge("Bearer", "error"),
        "invalid_token",
    )?;
    seen.got("401 invalid_token");
    let state = session.status().await?.state;
    holds(
        "the session to need a login",
        state == TokenState::LoginNeeded,
    )
}
