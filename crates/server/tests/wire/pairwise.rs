//! Pairwise subjects (OpenID Connect Core 1.0 §8): what a person is called in one sector says nothing in another.

use gatepass_proto::decide::details::ClientDetails;
use serde_json::{Value, json};

use crate::id_tokens::part;
use crate::pairs::Pairs;
use crate::site::{Page, Site};
use crate::wire::{Answer, Call};
use crate::world::{World, authorize};

const HOME: &str = "https://app.example/cb";

/// A client with these redirect URIs.
async fn client(
    world: &World,
    id: &str,
    redirect_uris: &[&str],
    change: impl FnOnce(&mut ClientDetails),
) {
    world
        .client(id, |client| {
            client.redirect_uris = redirect_uris.iter().map(ToString::to_string).collect();
            let details = std::sync::Arc::make_mut(&mut client.details);
            details.pairwise = true;
            change(details);
        })
        .await;
}

fn request(world: &World, id: &str) -> Pairs {
    world
        .openid()
        .with("client_id", id)
        .with("scope", "openid read offline_access")
        .without("redirect_uri")
}

async fn login(world: &World, id: &str) -> Answer {
    let code = world.code(&request(world, id)).await;
    let form = [("grant_type", "authorization_code"), ("code", &code)];
    let call = Call::post("/oauth/token").basic(id, &world.set().client_secret);
    let answer = world.send(call.form(&Pairs::of(&form))).await;
    answer.good();
    answer
}

fn sub(token: &str) -> String {
    let claims = part(token, 1);
    let sub = claims.get("sub").and_then(Value::as_str);
    sub.expect("a sub").to_owned()
}

async fn known_as(world: &World, id: &str) -> String {
    sub(&login(world, id).await.text("id_token"))
}

async fn public_sub(world: &World) -> String {
    let code = world.code(&world.openid()).await;
    let answer = world.redeem(&code).await;
    let sub = sub(&answer.text("id_token"));
    assert!(sub.starts_with("us_"), "{sub}");
    sub
}

#[tokio::test]
async fn a_sector_has_one_name_for_a_person_and_no_other_sector_has_it() {
    let world = World::dev().await;
    client(&world, "a1", &[HOME], |_| ()).await;
    client(&world, "a2", &["https://app.example:8443/other"], |_| ()).await;
    client(&world, "b", &["https://other.example/cb"], |_| ()).await;
    // §8.1: the host of the sector_identifier_uri, whatever those of the redirect URIs.
    client(&world, "a3", &["https://third.example/cb"], |details| {
        details.sector_identifier_uri = Some("https://app.example/sector.json".to_owned());
    })
    .await;
    let first = known_as(&world, "a1").await;
    assert_eq!(first.len(), 43, "{first}");
    assert_eq!(known_as(&world, "a1").await, first);
    assert_eq!(known_as(&world, "a2").await, first);
    assert_eq!(known_as(&world, "a3").await, first);
    let other = known_as(&world, "b").await;
    let public = public_sub(&world).await;
    assert!(other != first && public != first && public != other);

    // It outlives a restart.
    let (folder, config) = world.stop().await;
    let world = World::start(folder, config).await.expect("it starts");
    assert_eq!(known_as(&world, "a1").await, first);
}

/// Everything that a client gets to see, in whichever way it got there.
#[tokio::test]
async fn nothing_that_a_client_receives_has_the_public_name() {
    let world = World::dev().await;
    let public = public_sub(&world).await;
    client(&world, "a", &[HOME], |_| ()).await;
    let secret = &world.set().client_secret;
    let answer = login(&world, "a").await;
    let own = sub(&answer.text("id_token"));
    let basic = |path: &str| Call::post(path).basic("a", secret);
    let introspect = async |token: &str| {
        let call = basic("/oauth/introspect").form(&Pairs::of(&[("token", token)]));
        world.send(call).await
    };
    let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
    let userinfo = world
        .send(Call::get("/oauth/userinfo").bearer(&access))
        .await;
    let form = Pairs::of(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    let refreshed = world.send(basic("/oauth/token").form(&form)).await;
    refreshed.good();
    let renewed = refreshed.text("access_token");
    let exchange = Pairs::of(&[
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("subject_token", &renewed),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
    ]);
    let exchanged = world.send(basic("/oauth/token").form(&exchange)).await;
    exchanged.good();
    for said in [
        part(&access, 1),
        part(&refreshed.text("id_token"), 1),
        part(&renewed, 1),
        part(&exchanged.text("access_token"), 1),
        userinfo.json(),
        introspect(&access).await.json(),
        introspect(&refreshed.text("refresh_token")).await.json(),
    ] {
        assert_eq!(said["sub"], Value::from(own.as_str()), "{said}");
        assert!(!said.to_string().contains(&public), "{said}");
    }
    // Whoever else looks at the token sees the name that stands in it.
    let said = world.introspect(&renewed).await;
    assert_eq!(said["sub"], Value::from(own.as_str()));
    world.data(&renewed).await.good();
    // And it is still the person's: what ends the account ends the token.
    world.lock_user().await;
    assert!(!world.is_active(&renewed).await);
}

/// A token that goes to another client is about the person as that one knows them.
#[tokio::test]
async fn an_exchanged_token_has_the_name_of_its_new_client() {
    let world = World::dev().await;
    client(&world, "a", &[HOME], |_| ()).await;
    client(&world, "b", &["https://other.example/cb"], |details| {
        details.may_exchange = vec!["a".to_owned()];
    })
    .await;
    let token = login(&world, "a").await.text("access_token");
    let own = known_as(&world, "b").await;
    let form = Pairs::of(&[
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("subject_token", &token),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
    ]);
    let call = Call::post("/oauth/token").basic("b", &world.set().client_secret);
    let answer = world.send(call.form(&form)).await;
    assert_eq!(sub(&answer.good().text("access_token")), own);
}

/// What a client says of a person, it says in its own words for them (§3.1.2.1, §5.5.1).
#[tokio::test]
async fn hints_name_a_person_as_the_client_knows_them() {
    let world = World::dev().await;
    let public = public_sub(&world).await;
    client(&world, "a", &[HOME], |_| ()).await;
    client(&world, "b", &["https://other.example/cb"], |_| ()).await;
    let hint = login(&world, "a").await.text("id_token");
    let foreign = login(&world, "b").await.text("id_token");
    let own = sub(&hint);
    let mut browser = world.logged_in().await;
    let asked = request(&world, "a").with("prompt", "none");
    let claims = |sub: &str| json!({ "id_token": { "sub": { "value": sub } } }).to_string();
    for good in [
        asked.clone().with("id_token_hint", &hint),
        asked.clone().with("claims", &claims(&own)),
    ] {
        let back = browser.get(&authorize(&good)).await.location();
        assert!(back.get("code").is_some(), "{back:?}");
    }
    for other in [&public, &sub(&foreign), "nobody"] {
        let asked = asked.clone().with("claims", &claims(other));
        let back = browser.get(&authorize(&asked)).await.location();
        assert_eq!(back.get("error"), Some("login_required"), "{other}");
    }
    let asked = asked.with("id_token_hint", &foreign);
    let back = browser.get(&authorize(&asked)).await.location();
    assert_eq!(
        back.get("error"),
        Some("invalid_request"),
        "it is another client's"
    );
}

/// A logout finds the login by its `sid`, whatever the person is called.
#[tokio::test]
async fn a_logout_takes_an_id_token_with_such_a_name() {
    let world = World::dev().await;
    client(&world, "a", &[HOME], |_| ()).await;
    let mut browser = world.logged_in().await;
    let back = browser
        .decide(&authorize(&request(&world, "a")), "allow")
        .await
        .location();
    let form = Pairs::of(&[
        ("grant_type", "authorization_code"),
        ("code", back.get("code").expect("a code")),
    ]);
    let call = Call::post("/oauth/token").basic("a", &world.set().client_secret);
    let hint = world.send(call.form(&form)).await.text("id_token");
    let query = Pairs::of(&[("id_token_hint", &hint)]);
    let page = browser
        .get(&format!("/oauth/logout?{}", query.form()))
        .await;
    assert_eq!(page.status, 200, "{page:?}");
    let asked = request(&world, "a").with("prompt", "none");
    let back = browser.get(&authorize(&asked)).await.location();
    assert_eq!(back.get("error"), Some("login_required"));
}

async fn register(world: &World, metadata: &Value) -> Answer {
    world
        .send(Call::post("/oauth/register").json(&metadata.to_string()))
        .await
}

#[tokio::test]
async fn clients_register_for_it() {
    let site = Site::start().await;
    let world = World::dev_with(|config| site.admit(config)).await;
    let uris = [HOME, "https://other.example/cb"];
    let sector = site.url("/sector.json");
    let with = |more: Value| {
        let mut all = json!({ "redirect_uris": uris, "subject_type": "pairwise" });
        let members = all.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        all
    };
    site.put(
        "/sector.json",
        Page::json(&json!([uris[0], "https://third.example/", uris[1]])),
    );
    let answer = register(&world, &with(json!({ "sector_identifier_uri": sector }))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let said = answer.json();
    assert_eq!(said["subject_type"], "pairwise");
    assert_eq!(said["sector_identifier_uri"], Value::from(sector.as_str()));
    let one = with(json!({ "redirect_uris": [HOME, "https://app.example/other"] }));
    assert_eq!(register(&world, &one).await.status, 201);

    // What is read again is what a later change has to say again.
    let place = answer.text("registration_client_uri");
    let path = place
        .strip_prefix(&world.issuer)
        .expect("it is here")
        .to_owned();
    let mut changed = with(json!({ "client_id": answer.text("client_id") }));
    changed["sector_identifier_uri"] = sector.as_str().into();
    changed["redirect_uris"] = json!([HOME, "https://unlisted.example/cb"]);
    let call = Call::new("PUT", path).bearer(&answer.text("registration_access_token"));
    let refused = world.send(call.json(&changed.to_string())).await;
    refused.refused(400, "invalid_client_metadata");

    for more in [
        json!({}),
        json!({ "redirect_uris": ["com.example.app:/cb"], "application_type": "native" }),
        json!({
            "redirect_uris": [HOME],
            "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
        }),
        json!({ "sector_identifier_uri": "http://app.example/sector.json" }),
        json!({ "sector_identifier_uri": "javascript:alert(1)" }),
        json!({ "sector_identifier_uri": site.url("/nothing") }),
        json!({ "sector_identifier_uri": 7 }),
    ] {
        let answer = register(&world, &with(more.clone())).await;
        assert_eq!(answer.status, 400, "{more}: {answer:?}");
        answer.refused(400, "invalid_client_metadata");
    }
    for page in [
        Page::json(&json!([uris[0]])),
        Page::json(&json!([uris[0], "https://other.example/cb/"])),
        Page::json(&json!({ "redirect_uris": uris })),
        Page::json(&json!([uris[0], uris[1], 7])),
        Page::of("text/html", json!(uris).to_string()),
        Page::of("application/json", "["),
        Page::json(&json!(uris)).status(500),
        Page::moved("/sector.json"),
    ] {
        site.put("/bad.json", page.clone());
        for subject_type in ["pairwise", "public"] {
            let more = json!({ "sector_identifier_uri": site.url("/bad.json"), "subject_type": subject_type });
            let answer = register(&world, &with(more)).await;
            assert_eq!(answer.status, 400, "{page:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn the_metadata_names_both_types() {
    let world = World::dev().await;
    let metadata = Call::get("/.well-known/openid-configuration");
    let said = world.send(metadata).await.json();
    assert_eq!(
        said["subject_types_supported"],
        json!(["public", "pairwise"])
    );
}
