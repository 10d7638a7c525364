//! Server-side request forgery: no address that a stranger brings along leads this server to its own machine, its
//! neighbours, or on from there. Names that lead there are the resolver's to refuse, which `gatepass-http` tests with one
//! that changes its answers.

use gatepass_proto::decide::details::ClientDetails;
use gatepass_server::{Admission, Config, RegistrationPolicy};
use serde_json::json;

use crate::clients::named;
use crate::pairs::Pairs;
use crate::prover::{Prover, ask, by_assertion, robot};
use crate::site::{Page, Site};
use crate::wire::Call;
use crate::world::{World, authorize};

/// A server that is on no private network as far as clients are concerned; it would even believe the site's certificate.
async fn public_server(site: &Site, change: impl FnOnce(&mut Config)) -> World {
    World::with(|config| {
        site.admit(config);
        config.outbound.allow_private_hosts = false;
        change(config);
    })
    .await
}

/// This machine and its neighbours, in every spelling, with something good to find at the first ones.
fn private(site: &Site, path: &str) -> Vec<String> {
    let port = site.port();
    let here = [
        "localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::]",
        "0.0.0.0",
        "a.localhost",
        "localhost.",
    ];
    let near = [
        "169.254.169.254",
        "[fe80::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "[fd00::1]",
        "[64:ff9b::a9fe:a9fe]",
    ];
    let here = here.map(|host| format!("https://{host}:{port}{path}"));
    let near = near.map(|host| format!("https://{host}{path}"));
    here.into_iter().chain(near).collect()
}

#[tokio::test]
async fn a_jwks_uri_leads_nowhere_private() {
    let site = Site::start().await;
    let prover = Prover::new();
    site.put("/keys", Page::json(&prover.jwks()));
    let world = public_server(&site, |_| ()).await;
    for uri in private(&site, "/keys") {
        let details = ClientDetails {
            jwks_uri: Some(uri.clone()),
            ..ClientDetails::default()
        };
        let new = robot(Some("private_key_jwt"), details);
        let added = world.admin().await.add_client(new).await;
        let (client, _) = added.expect("a client");
        let assertion = prover.assertion(client.client_id.as_str(), &world.issuer);
        let answer = ask(&world, &by_assertion(&prover.sign(&assertion))).await;
        assert_eq!(answer.status, 503, "{uri}: {answer:?}");
    }
    assert_eq!(site.visits(), 0);
}

#[tokio::test]
async fn a_request_uri_leads_nowhere_private() {
    let site = Site::start().await;
    let prover = Prover::new();
    site.put("/request", Page::of("application/jwt", "x.y.z"));
    let world = public_server(&site, |_| ()).await;
    let uris = private(&site, "/request");
    let details = ClientDetails {
        jwks: Some(prover.jwks()),
        request_uris: uris.clone(),
        ..ClientDetails::default()
    };
    let mut new = robot(None, details);
    new.redirect_uris = vec!["https://app.example/cb".to_owned()];
    new.grant_types = vec!["authorization_code".to_owned()];
    let added = world.admin().await.add_client(new).await;
    let (client, _) = added.expect("a client");
    for uri in uris {
        let target = authorize(&named(client.client_id.as_str(), &uri));
        let page = world.browser().get(&target).await;
        page.error_page(400);
        assert!(page.body.contains("invalid_request_uri"), "{uri}: {page:?}");
        assert!(
            page.body.contains("cannot be reached from this server"),
            "{uri}: {page:?}"
        );
    }
    assert_eq!(site.visits(), 0);
}

#[tokio::test]
async fn a_sector_identifier_uri_leads_nowhere_private() {
    let site = Site::start().await;
    let redirect_uri = "https://app.example/cb";
    site.put("/sector", Page::json(&json!([redirect_uri])));
    let world = public_server(&site, |config| {
        config.registration = Some(RegistrationPolicy {
            admission: Admission::Open,
            ..RegistrationPolicy::default()
        });
    })
    .await;
    for uri in private(&site, "/sector") {
        let metadata = json!({ "redirect_uris": [redirect_uri], "sector_identifier_uri": uri });
        let call = Call::post("/oauth/register").json(&metadata.to_string());
        let answer = world.send(call).await;
        answer.refused(400, "invalid_client_metadata");
    }
    assert_eq!(site.visits(), 0);
}

#[tokio::test]
async fn a_client_id_leads_nowhere_private() {
    let site = Site::start().await;
    let world = public_server(&site, |config| config.client_id_metadata_documents = true).await;
    for id in private(&site, "/client.json") {
        let redirect_uris = ["https://app.example/cb"];
        let document = json!({ "client_id": id, "redirect_uris": redirect_uris });
        site.put("/client.json", Page::json(&document));
        let query = Pairs::of(&[("response_type", "code"), ("client_id", &id)]);
        let page = world.browser().get(&authorize(&query)).await;
        assert!(matches!(page.status, 400 | 503), "{id}: {page:?}");
        page.error_page(page.status);
        let form = Pairs::of(&[("grant_type", "refresh_token"), ("client_id", &id)]);
        let answer = world.send(Call::post("/oauth/token").form(&form)).await;
        assert!(matches!(answer.status, 401 | 503), "{id}: {answer:?}");
    }
    assert_eq!(site.visits(), 0);
}

/// What may be asked must not lead on to what may not.
#[tokio::test]
async fn a_redirect_leads_nowhere_at_all() {
    let site = Site::start().await;
    let redirect_uri = "https://app.example/cb";
    let world = World::dev_with(|config| site.admit(config)).await;
    let targets = [
        "/good".to_owned(),
        site.url("/good"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "http://127.0.0.1:1/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ];
    for target in targets {
        site.put("/moved", Page::moved(&target));
        site.put("/good", Page::json(&json!([redirect_uri])));
        let uri = site.url("/moved");
        let metadata = json!({ "redirect_uris": [redirect_uri], "sector_identifier_uri": uri });
        let call = Call::post("/oauth/register").json(&metadata.to_string());
        world
            .send(call)
            .await
            .refused(400, "invalid_client_metadata");
        let id = site.url("/moved");
        let query = Pairs::of(&[("response_type", "code"), ("client_id", &id)]);
        world
            .browser()
            .get(&authorize(&query))
            .await
            .error_page(400);
    }
    assert_eq!(site.asked("/good"), 0);
}
