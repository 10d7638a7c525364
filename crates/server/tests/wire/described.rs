//! Clients that nobody has registered, known by the documents at their ids (draft-ietf-oauth-client-id-metadata-document).

use serde_json::{Value, json};

use crate::clients::with;
use crate::pairs::Pairs;
use crate::prover::{Prover, by_assertion};
use crate::site::{Page, Site};
use crate::wire::{Answer, Call};
use crate::world::{CALLBACK, Tokens, VERIFIER, World, authorize};

pub(crate) const PATH: &str = "/client.json";

pub(crate) async fn world(site: &Site) -> World {
    World::dev_with(|config| site.admit(config)).await
}

/// What a program on a person's computer publishes.
pub(crate) fn document(site: &Site) -> Value {
    json!({
        "client_id": site.url(PATH), "client_name": "Notes", "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
        "scope": "read write openid offline_access",
    })
}

pub(crate) async fn published() -> (Site, World) {
    let site = Site::start().await;
    site.put(PATH, Page::json(&document(&site)));
    let world = world(&site).await;
    (site, world)
}

pub(crate) fn request(world: &World, site: &Site) -> Pairs {
    let client_id = site.url(PATH);
    world
        .public_request()
        .with_all(&[("client_id", &client_id), ("scope", "read")])
}

pub(crate) async fn allowed(world: &World, request: &Pairs) -> String {
    let mut browser = world.logged_in().await;
    let back = browser
        .decide(&authorize(request), "allow")
        .await
        .location();
    back.get("code").expect("a code").to_owned()
}

pub(crate) async fn token(world: &World, pairs: &[(&str, &str)]) -> Answer {
    world
        .send(Call::post("/oauth/token").form(&Pairs::of(pairs)))
        .await
}

pub(crate) async fn redeem(world: &World, site: &Site, code: &str) -> Answer {
    let redemption = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_id", &site.url(PATH)),
    ];
    token(world, &redemption).await
}

pub(crate) async fn refresh(world: &World, site: &Site, token: &str) -> Answer {
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", &site.url(PATH)),
    ];
    self::token(world, &pairs).await
}

#[tokio::test]
async fn a_document_is_as_good_as_a_registration() {
    let (site, world) = published().await;
    let code = allowed(&world, &request(&world, &site)).await;
    let tokens = Tokens::of(&redeem(&world, &site, &code).await);
    world.lives(&tokens.access).await;
    let said = world.introspect(&tokens.access).await;
    assert_eq!(said["client_id"], site.url(PATH));
    let again = Tokens::of(&refresh(&world, &site, &tokens.refresh).await);
    world.lives(&again.access).await;
    assert_eq!(site.asked(PATH), 1, "the copy serves");

    let revocation = Pairs::of(&[("token", &again.refresh), ("client_id", &site.url(PATH))]);
    let revoked = world.send(Call::post("/oauth/revoke").form(&revocation));
    assert_eq!(revoked.await.status, 200);
    world.is_dead(&again.access).await;
    let dead = refresh(&world, &site, &again.refresh).await;
    dead.refused(400, "invalid_grant");
}

#[tokio::test]
async fn the_metadata_says_whether_documents_are_read() {
    let well_known = || Call::get("/.well-known/oauth-authorization-server");
    let world = World::dev().await;
    let said = world.send(well_known()).await.json();
    assert_eq!(said["client_id_metadata_document_supported"], true);
    let world = World::with(|_| ()).await;
    let said = world.send(well_known()).await.json();
    assert_ne!(said["client_id_metadata_document_supported"], true);
}

/// Off by default: then an address is a name like any other, which nobody has.
#[tokio::test]
async fn a_server_that_reads_no_documents_asks_nobody() {
    let site = Site::start().await;
    site.put(PATH, Page::json(&document(&site)));
    let world = World::with(|config| site.admit(config)).await;
    let target = Pairs::of(&[("client_id", &site.url(PATH)), ("response_type", "code")]);
    let page = world.browser().get(&authorize(&target)).await;
    page.error_page(400);
    let answer = redeem(&world, &site, "x").await;
    answer.refused(401, "invalid_client");
    assert_eq!(site.visits(), 0);
}

/// The name is the client's own choice; the host is not.
#[tokio::test]
async fn the_person_reads_which_site_it_is_and_that_it_is_not_registered() {
    let (site, world) = published().await;
    let mut browser = world.logged_in().await;
    let page = browser.get(&authorize(&request(&world, &site))).await;
    assert_eq!(page.status, 200, "{page:?}");
    let host = site.host();
    assert!(
        page.body
            .contains(&format!("Allow <bdi>{host} (“Notes”)</bdi>?")),
        "{page:?}"
    );
    assert!(page.body.contains("not registered here"), "{page:?}");
    assert!(page.body.contains("could be the one that asks"), "{page:?}");

    // Others are not shown so, and those that registered themselves are warned of where anybody could listen.
    let own = browser.get(&authorize(&world.request())).await;
    assert!(!own.body.contains("class=\"problem\""), "{own:?}");
    let metadata =
        json!({ "application_type": "native", "redirect_uris": [CALLBACK], "scope": "read" });
    let registered = Call::post("/oauth/register").json(&metadata.to_string());
    let client_id = world.send(registered).await.text("client_id");
    let asked = world.public_request().with("client_id", &client_id);
    let page = browser.get(&authorize(&asked)).await;
    assert!(page.body.contains("could be the one that asks"), "{page:?}");
    assert!(!page.body.contains("not registered here"), "{page:?}");
}

/// Nothing that may have changed since is agreed to silently.
#[tokio::test]
async fn no_consent_to_it_is_remembered() {
    let site = Site::start().await;
    let prover = Prover::new();
    let keys = json!({ "keys": [prover.jwk()] });
    let document = with(document(&site), "jwks", keys);
    let document = with(
        document,
        "token_endpoint_auth_method",
        "private_key_jwt".into(),
    );
    site.put(PATH, Page::json(&document));
    let world = world(&site).await;
    let request = request(&world, &site).with("scope", "openid");
    let mut browser = world.logged_in().await;
    let back = browser
        .decide(&authorize(&request), "allow")
        .await
        .location();
    assert!(back.get("code").is_some());
    let silent = request.with("prompt", "none");
    let back = browser.get(&authorize(&silent)).await.location();
    assert_eq!(back.get("error"), Some("consent_required"));
}

/// What it publishes is what it is held to.
#[tokio::test]
async fn its_key_is_demanded_where_it_has_one() {
    let site = Site::start().await;
    let (prover, stranger) = (Prover::new(), Prover::new());
    let document = with(
        document(&site),
        "token_endpoint_auth_method",
        "private_key_jwt".into(),
    );
    let document = with(document, "jwks_uri", site.url("/keys").into());
    site.put(PATH, Page::json(&document));
    site.put("/keys", Page::json(&prover.jwks()));
    let world = world(&site).await;
    let client_id = site.url(PATH);
    let prove = |prover: &Prover, code: &str| {
        let assertion = prover.sign(&prover.assertion(&client_id, &world.issuer));
        by_assertion(&assertion).with_all(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ])
    };
    let code = allowed(&world, &request(&world, &site)).await;
    redeem(&world, &site, &code)
        .await
        .refused(401, "invalid_client");
    let call = Call::post("/oauth/token").form(&prove(&stranger, &code));
    world.send(call).await.refused(401, "invalid_client");
    let call = Call::post("/oauth/token").form(&prove(&prover, &code));
    world.send(call).await.good();
    assert_eq!(site.asked("/keys"), 1);
}

/// An operator may register an address for good. Then nobody is asked about it.
#[tokio::test]
async fn a_registered_address_is_a_name() {
    let site = Site::start().await;
    let world = world(&site).await;
    let id = site.url(PATH);
    world.client(&id, |_| ()).await;
    let request = world.request().with("client_id", &id);
    let page = world.browser().get(&authorize(&request)).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(site.visits(), 0);
}

/// A public one can have its device's login, and its tokens are bound to nobody's password but the person's.
#[tokio::test]
async fn a_device_may_be_such_a_client() {
    let site = Site::start().await;
    let grants = json!(["urn:ietf:params:oauth:grant-type:device_code"]);
    let document = with(document(&site), "grant_types", grants);
    let document = with(document, "redirect_uris", Value::Null);
    site.put(PATH, Page::json(&document));
    let world = world(&site).await;
    let form = Pairs::of(&[("client_id", &site.url(PATH)), ("scope", "read")]);
    let begun = world
        .send(Call::post("/oauth/device_authorization").form(&form))
        .await;
    let user_code = begun.good().text("user_code");
    let mut browser = world.logged_in().await;
    let page = browser.get("/device").await;
    let form = crate::browser::Form::of(&page.body);
    let next = browser.submit(&form, &[("user_code", &user_code)]).await;
    let target = next.header("location").expect("a Location").to_owned();
    let page = browser.get(&target).await;
    assert!(
        page.body.contains(&format!("{} (“Notes”)", site.host())),
        "{page:?}"
    );
}

/// The code is bound to the address that asked for it, as text.
#[tokio::test]
async fn another_address_of_the_same_host_is_another_client() {
    let (site, world) = published().await;
    let other = site.url("/other.json");
    site.put(
        "/other.json",
        Page::json(&with(document(&site), "client_id", other.clone().into())),
    );
    let code = allowed(&world, &request(&world, &site)).await;
    let stolen = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_id", &other),
    ];
    token(&world, &stolen).await.refused(400, "invalid_grant");
    let tokens = Tokens::of(&redeem(&world, &site, &code).await);
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh.as_str()),
        ("client_id", &other),
    ];
    token(&world, &pairs).await.refused(400, "invalid_grant");
}
