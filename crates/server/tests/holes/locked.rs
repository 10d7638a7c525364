//! Accounts that were locked, or given another password, between somebody's yes and the tokens.

use gatepass_proto::Secret;
use gatepass_proto::decide::details::ClientDetails;

use crate::browser::Form;
use crate::pairs::Pairs;
use crate::registered::Registration;
use crate::wire::Call;
use crate::world::{Tokens, World};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CIBA: &str = "urn:openid:params:grant-type:ciba";

/// The poll of a device to which the person has said yes.
async fn allowed_device(world: &World) -> Call {
    let set = world.set();
    let asked = Pairs::of(&[("scope", "read"), ("client_id", &set.public_client_id)]);
    let begun = Call::post("/oauth/device_authorization").form(&asked);
    let begun = world.send(begun).await;
    let mut browser = world.browser();
    let page = browser.get("/device").await;
    let typed = [("user_code", begun.text("user_code"))];
    let typed = typed.each_ref().map(|(name, code)| (*name, code.as_str()));
    let answer = browser.submit(&Form::of(&page.body), &typed).await;
    let login = answer.header("location").expect("a Location").to_owned();
    let page = browser.log_in(&login, &set.user, &set.password).await;
    let yes = [("decision", "allow")];
    let done = browser.submit(&Form::of(&page.body), &yes).await;
    assert_eq!(done.status, 200, "{done:?}");
    Call::post("/oauth/token").form(&Pairs::of(&[
        ("grant_type", DEVICE),
        ("device_code", &begun.text("device_code")),
        ("client_id", &set.public_client_id),
    ]))
}

#[tokio::test]
async fn device_token_for_a_locked_user() {
    let world = World::dev().await;
    world.send(allowed_device(&world).await).await.good();
    let poll = allowed_device(&world).await;
    world.lock_user().await;
    world.send(poll).await.refused(400, "invalid_grant");
}

/// The poll of a client to whose request the person has said yes.
async fn allowed_request(world: &World) -> Call {
    let bank = Registration::new(&[CIBA, "refresh_token"], ClientDetails::default());
    let bank = world.register(bank).await;
    let asked = [("scope", "openid read"), ("login_hint", &world.set().user)];
    let begun = world.send(bank.call("/oauth/bc-authorize", &asked)).await;
    let (mut browser, set) = (world.browser(), world.set());
    let page = browser
        .log_in("/account/requests", &set.user, &set.password)
        .await;
    let yes = [("decision", "allow")];
    let done = browser.submit(&Form::of(&page.body), &yes).await;
    assert_eq!(done.status, 200, "{done:?}");
    let id = begun.text("auth_req_id");
    bank.call(
        "/oauth/token",
        &[("grant_type", CIBA), ("auth_req_id", &id)],
    )
}

#[tokio::test]
async fn ciba_token_for_a_locked_user() {
    let world = World::dev().await;
    world.send(allowed_request(&world).await).await.good();
    let poll = allowed_request(&world).await;
    world.lock_user().await;
    world.send(poll).await.refused(400, "invalid_grant");
}

/// The password is set anew because somebody else has it, and that somebody goes on with the tokens they have.
#[tokio::test]
async fn refresh_after_password_reset() {
    let world = World::dev().await;
    let tokens = Tokens::of(&world.refresh(&world.tokens().await.refresh).await);
    world.lives(&tokens.access).await;
    let new = Secret::new("correct horse battery staple");
    let admin = world.admin().await;
    let reset = admin.set_password(&world.set().user, &new).await;
    reset.expect("the operator may");
    let answer = world.refresh(&tokens.refresh).await;
    answer.refused(400, "invalid_grant");
    world.is_dead(&tokens.access).await;
}
