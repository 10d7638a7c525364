//! Documents at a client's id that will not do, or cannot be had any more.

use serde_json::json;

use crate::browser::Form;
use crate::clients::with;
use crate::described::{
    PATH, allowed, document, published, redeem, refresh, request, token, world,
};
use crate::pairs::Pairs;
use crate::site::{Page, Site};
use crate::wire::Call;
use crate::world::{Tokens, World, authorize};

/// A page that says what is wrong, and its status.
async fn refused(world: &World, client_id: &str) -> (u16, String) {
    let request = world.public_request().with("client_id", client_id);
    let page = world.browser().get(&authorize(&request)).await;
    page.error_page(page.status);
    assert_ne!(page.status, 200, "{page:?}");
    (page.status, page.body)
}

#[tokio::test]
async fn redirect_uris_are_those_of_the_document_and_no_others() {
    let (site, world) = published().await;
    let good = request(&world, &site);
    for uri in [
        "http://localhost:8000/callback/",
        "http://localhost:8000/callback?x=1",
        "http://localhost:8001/callback",
        "https://localhost",
        &site.url("/callback"),
        "https://evil.example/",
    ] {
        let asked = good.clone().with("redirect_uri", uri);
        world
            .browser()
            .get(&authorize(&asked))
            .await
            .error_page(400);
    }
    let bare = good.clone().without("code_challenge");
    let back = world
        .browser()
        .get(&authorize(&bare.without("code_challenge_method")))
        .await;
    assert_eq!(
        back.location().get("error"),
        Some("invalid_request"),
        "PKCE is demanded"
    );
    let more = good.with("scope", "read admin");
    let back = world.browser().get(&authorize(&more)).await;
    assert_eq!(back.location().get("error"), Some("invalid_scope"));
}

#[tokio::test]
async fn a_document_that_will_not_do_is_refused() {
    let site = Site::start().await;
    let world = world(&site).await;
    let good = document(&site);
    site.put(
        "/good.json",
        Page::json(&with(
            good.clone(),
            "client_id",
            site.url("/good.json").into(),
        )),
    );
    let large = with(good.clone(), "padding", "x".repeat(5000).into());
    for (page, said) in [
        (
            Page::json(&with(
                good.clone(),
                "client_id",
                "https://evil.example/".into(),
            )),
            "does not name",
        ),
        (
            Page::json(&with(good.clone(), "client_secret", "x".into())),
            "client_secret",
        ),
        (
            Page::json(&with(
                good.clone(),
                "token_endpoint_auth_method",
                "client_secret_post".into(),
            )),
            "token_endpoint_auth_method",
        ),
        (
            Page::json(&with(
                good.clone(),
                "redirect_uris",
                json!(["javascript:alert(1)"]),
            )),
            "redirect_uri",
        ),
        (Page::json(&large), "larger than 5120 bytes"),
        (Page::json(&json!([])), "cannot be read"),
        (Page::of("application/json", "{"), "cannot be read"),
        (Page::of("text/html", good.to_string()), "media type"),
        (Page::json(&good).status(201), "status 201"),
        (Page::json(&good).status(404), "status 404"),
        (Page::moved("/good.json"), "status 302"),
        (Page::moved(&site.url("/good.json")), "status 302"),
    ] {
        // Each at an address of its own: what a server has just said is not asked again at once.
        let path = format!("/{}.json", site.visits());
        let own = site.url(&path);
        let body = page.rewritten(&site.url(PATH), &own);
        site.put(&path, body);
        let (status, text) = refused(&world, &own).await;
        assert_eq!(status, 400, "{said}: {text}");
        assert!(text.contains(said), "{said}: {text}");
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "x"),
            ("client_id", &*own),
        ];
        token(&world, &form).await.refused(401, "invalid_client");
    }
    assert_eq!(site.asked("/good.json"), 0, "no redirect is followed");
}

/// The same server after a restart, which has forgotten every copy.
async fn again(world: World) -> World {
    let address = world.address;
    let (folder, mut config) = world.stop().await;
    config.listen = address;
    World::start(folder, config).await.expect("it starts")
}

/// A client's site that is out of order costs its users a wait, and nothing else.
#[tokio::test]
async fn a_site_that_is_down_ends_nothing() {
    let (site, world) = published().await;
    let code = allowed(&world, &request(&world, &site)).await;
    let tokens = Tokens::of(&redeem(&world, &site, &code).await);
    site.put(PATH, Page::of("text/plain", "oops").status(503));
    let tokens = Tokens::of(&refresh(&world, &site, &tokens.refresh).await);

    // A server that starts now has no copy.
    let world = again(world).await;
    let answer = refresh(&world, &site, &tokens.refresh).await;
    answer.refused(503, "temporarily_unavailable");
    let revocation = Pairs::of(&[("token", &tokens.refresh), ("client_id", &site.url(PATH))]);
    let answer = world
        .send(Call::post("/oauth/revoke").form(&revocation))
        .await;
    answer.refused(503, "temporarily_unavailable");
    // What does not depend on the document goes on.
    world.lives(&tokens.access).await;
    let mut browser = world.logged_in().await;
    let account = browser.get("/account").await;
    assert!(
        account
            .body
            .contains(&format!("<bdi>{}</bdi>", site.host())),
        "{account:?}"
    );
    let (status, _) = refused(&world, &site.url(PATH)).await;
    assert_eq!(status, 503);
    let visits = site.visits();
    refused(&world, &site.url(PATH)).await;
    assert_eq!(site.visits(), visits, "it is left alone for a while");

    // Once it is back the same refresh token is good.
    site.put(PATH, Page::json(&document(&site)));
    let world = again(world).await;
    refresh(&world, &site, &tokens.refresh).await.good();
}

/// What a person sees and withdraws is theirs, whatever became of the client.
#[tokio::test]
async fn a_person_withdraws_what_they_allowed_without_the_document() {
    let (site, world) = published().await;
    let code = allowed(&world, &request(&world, &site)).await;
    let tokens = Tokens::of(&redeem(&world, &site, &code).await);
    let visits = site.visits();
    let mut browser = world.logged_in().await;
    let account = browser.get("/account").await.body;
    assert!(account.contains(&site.host()), "{account}");
    let forms = account.split("<form").skip(1);
    let form = forms.map(|form| format!("<form{form}"));
    let form = form.into_iter().find(|form| form.contains(&site.url(PATH)));
    let form = Form::of(&form.expect("a form"));
    let client_id = site.url(PATH);
    let answer = browser
        .submit(&form, &[("client", client_id.as_str())])
        .await;
    assert_eq!(answer.status, 303, "{answer:?}");
    world.is_dead(&tokens.access).await;
    refresh(&world, &site, &tokens.refresh)
        .await
        .refused(400, "invalid_grant");
    assert_eq!(site.visits(), visits, "nobody was asked");
}

#[tokio::test]
async fn what_is_no_such_address_is_fetched_from_nowhere() {
    let site = Site::start().await;
    let world = world(&site).await;
    let port = site.port();
    for id in [
        format!("http://localhost:{port}{PATH}"),
        format!("https://localhost:{port}"),
        format!("https://user@localhost:{port}{PATH}"),
        format!("https://localhost:{port}/a/../client.json"),
        format!("https://localhost:{port}/%2e%2e/client.json"),
        format!("https://localhost:{port}{PATH}#x"),
        format!("https://localhost:{port}\\@app.example{PATH}"),
    ] {
        assert_eq!(refused(&world, &id).await.0, 400, "{id}");
    }
    assert_eq!(site.visits(), 0);
}
