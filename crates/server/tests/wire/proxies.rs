//! What proxies in front say of those who ask (`--trusted-proxy`), and that nobody else is believed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass_server::{Config, Proxies, StartError};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::certificates::{Identity, Papers, expired, robot};
use crate::pairs::Pairs;
use crate::prover;
use crate::wire::{Answer, Call};
use crate::world::{World, config};

const HEADER: &str = "X-Client-Cert";

/// A server behind a proxy on this machine, which passes on certificates.
pub(crate) async fn behind(change: impl FnOnce(&mut Config)) -> World {
    World::dev_with(|config| {
        config.proxies = trusting(&["127.0.0.1"]);
        change(config);
    })
    .await
}

fn trusting(networks: &[&str]) -> Proxies {
    let network = |text: &&str| text.parse().expect("a network");
    Proxies {
        trusted: networks.iter().map(network).collect(),
        client_certificate_from: Some(HEADER.to_owned()),
    }
}

/// A request as the proxy passes it on.
pub(crate) fn shown(call: Call, by: Option<&Identity>) -> Call {
    match by {
        Some(own) => call.header(HEADER, escaped(own)),
        None => call,
    }
}

/// As nginx writes `$ssl_client_escaped_cert`.
fn escaped(own: &Identity) -> String {
    utf8_percent_encode(&own.pem, NON_ALPHANUMERIC).to_string()
}

/// As RFC 9440 has it.
fn bytes(own: &Identity) -> String {
    format!(":{}:", STANDARD.encode(own.der()))
}

/// Adds a client that is known by its certificate; a token request of it.
async fn asking(world: &World) -> Call {
    let details = gatepass_proto::decide::details::ClientDetails {
        tls_client_auth_subject_dn: Some("CN=Robot,O=Example".to_owned()),
        ..Default::default()
    };
    let new = prover::robot(Some("tls_client_auth"), details);
    let (client, _) = world.admin().await.add_client(new).await.expect("added");
    Call::post("/oauth/token").form(&Pairs::of(&[
        ("grant_type", "client_credentials"),
        ("client_id", client.client_id.as_str()),
    ]))
}

#[tokio::test]
async fn a_trusted_proxy_passes_on_what_a_client_has_shown() {
    let papers = Papers::new();
    let ca = papers.path("ca.pem");
    let world = behind(|config| config.mtls.client_ca = Some(ca.clone())).await;
    let call = asking(&world).await;
    let own = papers.robot();
    for value in [escaped(&own), bytes(&own)] {
        world.send(call.clone().header(HEADER, value)).await.good();
    }
    for (name, wrong) in [
        ("nobody vouches", Identity::own(&robot())),
        ("expired", Identity::signed(&expired(), &papers.authority)),
    ] {
        let answer = world.send(shown(call.clone(), Some(&wrong))).await;
        assert_eq!(answer.status, 401, "{name}: {answer:?}");
    }
    for none in [call.clone(), call.clone().header(HEADER, "")] {
        world.send(none).await.refused(401, "invalid_client");
    }
    // Which of two, or what else it means, is not guessed.
    for call in [
        shown(shown(call.clone(), Some(&own)), Some(&own)),
        call.clone().header(HEADER, "").header(HEADER, bytes(&own)),
        call.clone()
            .header(HEADER, format!("{}, {}", bytes(&own), bytes(&own))),
        call.clone().header(HEADER, "garbage"),
        call.clone().header(HEADER, "::"),
        call.clone().header(HEADER, ":AAAA:"),
        call.clone().header(HEADER, "%2D%2D%2D%2D%2DBEGIN"),
        call.clone().header(HEADER, "\u{fc}"),
    ] {
        world.send(call).await.refused(400, "invalid_request");
    }
    let said = world.send(Call::get("/.well-known/openid-configuration"));
    let said = said.await.json();
    assert_eq!(said["tls_client_certificate_bound_access_tokens"], true);
    assert!(
        said.get("mtls_endpoint_aliases").is_none(),
        "there is one door"
    );
    let methods = said["token_endpoint_auth_methods_supported"].to_string();
    assert!(methods.contains(r#""tls_client_auth""#), "{methods}");
}

/// The header of anybody else is a header like any other.
#[tokio::test]
async fn a_certificate_in_a_header_is_not_believed_of_anybody() {
    let papers = Papers::new();
    let ca = papers.path("ca.pem");
    let own = papers.robot();
    let world = behind(|config| {
        config.proxies = trusting(&["10.0.0.0/8", "::1"]);
        config.mtls.client_ca = Some(ca.clone());
    })
    .await;
    let call = asking(&world).await;
    for call in [
        shown(call.clone(), Some(&own)),
        call.clone().header(HEADER, bytes(&own)),
        // Nor with a word that makes it the proxy's.
        shown(call.clone(), Some(&own)).header("X-Forwarded-For", "10.0.0.1"),
        shown(call.clone(), Some(&own)).header("Forwarded", "for=10.0.0.1"),
    ] {
        world.send(call).await.refused(401, "invalid_client");
    }
    let garbage = call.clone().header(HEADER, "garbage").header(HEADER, "x");
    world.send(garbage).await.refused(401, "invalid_client");
    // On a connection that shows its own the header means nothing either.
    let world = World::sealed(&papers, |config| {
        config.proxies = trusting(&["127.0.0.1"]);
    })
    .await;
    let call = asking(&world).await;
    let stranger = Identity::own(&robot());
    let certified = world.certified();
    for by in [None, Some(&stranger)] {
        let answer = papers
            .send(certified, &shown(call.clone(), Some(&own)), by)
            .await;
        answer.refused(401, "invalid_client");
    }
    papers.send(certified, &call, Some(&own)).await.good();
}

async fn register(world: &World, headers: &[(&str, &str)]) -> Answer {
    let metadata = json!({ "redirect_uris": ["https://app.example.com/cb"] });
    let call = Call::post("/oauth/register").json(&metadata.to_string());
    let call = headers
        .iter()
        .fold(call, |call, (name, value)| call.header(name, *value));
    world.send(call).await
}

/// Registers as often as one address may, each time with other headers.
async fn until_it_is_enough(world: &World, headers: impl Fn(usize) -> Vec<(&'static str, String)>) {
    for n in 0..=60 {
        let headers = headers(n);
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = register(world, &headers).await;
        let expected = if n < 60 { 201 } else { 429 };
        assert_eq!(answer.status, expected, "{n}: {answer:?}");
    }
}

#[tokio::test]
async fn forwarded_header_spoofing() {
    // Nobody is trusted: whatever is said of where it comes from, it comes from here.
    let world = World::dev().await;
    until_it_is_enough(&world, |n| {
        vec![
            ("X-Forwarded-For", format!("192.0.2.{n}")),
            ("Forwarded", format!("for=192.0.2.{n}")),
            ("X-Real-IP", format!("192.0.2.{n}")),
        ]
    })
    .await;
    // Nor where somebody else is.
    let world = behind(|config| config.proxies = trusting(&["10.0.0.0/8"])).await;
    until_it_is_enough(&world, |n| {
        vec![("X-Forwarded-For", format!("192.0.2.{n}, 10.0.0.1"))]
    })
    .await;
    // What a client has written before the proxy's own word counts for nothing.
    let world = behind(|config| config.proxies = trusting(&["127.0.0.1", "10.0.0.0/8"])).await;
    until_it_is_enough(&world, |n| {
        vec![(
            "X-Forwarded-For",
            format!("192.0.2.{n}, 203.0.113.9, 10.0.0.1"),
        )]
    })
    .await;
    let through = |address: &str| format!("203.0.113.9, {address}, 10.0.0.1");
    let other = through("203.0.113.10");
    let answer = register(&world, &[("X-Forwarded-For", &other)]).await;
    assert_eq!(
        answer.status, 201,
        "another client of the same proxy: {answer:?}"
    );
    let same = register(&world, &[("Forwarded", "for=203.0.113.9")]).await;
    assert_eq!(same.status, 429, "it is known by the other header too");
    // Where the two differ nobody knows which is the proxy's, and the proxy itself is counted.
    until_it_is_enough(&world, |n| {
        vec![
            ("X-Forwarded-For", "198.51.100.1".to_owned()),
            ("Forwarded", format!("for=192.0.2.{n}")),
        ]
    })
    .await;
    let answer = register(&world, &[("X-Forwarded-For", "198.51.100.1")]).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[tokio::test]
async fn settings_that_make_no_sense_together_are_refused() {
    let papers = Papers::new();
    let refused = |change: &dyn Fn(&mut Config)| {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = config(folder.path());
        change(&mut config);
        async move {
            match World::start(folder, config).await {
                Err(error @ (StartError::Config(_) | StartError::Tls(_))) => error.to_string(),
                Err(error) => panic!("{error}"),
                Ok(_) => panic!("it starts"),
            }
        }
    };
    let ca = papers.path("ca.pem");
    let nowhere = papers.path("nothing.pem");
    let key = papers.path("server.key");
    type Change<'a> = &'a dyn Fn(&mut Config);
    let cases: [(Change<'_>, &str); 9] = [
        (
            &|config| config.mtls.listen = Some(([127, 0, 0, 1], 0).into()),
            "--tls-cert",
        ),
        (
            &|config| config.mtls.client_ca = Some(ca.clone()),
            "--mtls-listen",
        ),
        (
            &|config| config.mtls.url = Some("https://mtls.example.com".to_owned()),
            "--mtls-listen",
        ),
        (
            &|config| config.proxies.client_certificate_from = Some(HEADER.to_owned()),
            "--trusted-proxy",
        ),
        (
            &|config| {
                config.proxies = trusting(&["127.0.0.1"]);
                config.proxies.client_certificate_from = Some("a header".to_owned());
            },
            "the name of a header",
        ),
        (
            &|config| {
                papers.seal(config);
                config.mtls.url = Some("http://mtls.example.com".to_owned());
            },
            "--mtls-url",
        ),
        (
            &|config| {
                papers.seal(config);
                config.mtls.client_ca = Some(nowhere.clone());
            },
            "nothing.pem",
        ),
        (
            &|config| {
                papers.seal(config);
                config.mtls.client_ca = Some(key.clone());
            },
            "--client-ca",
        ),
        (
            &|config| {
                papers.seal(config);
                config.dev = true;
                config.mtls.listen = Some(([0, 0, 0, 0], 0).into());
            },
            "--dev",
        ),
    ];
    for (change, word) in cases {
        let said = refused(change).await;
        assert!(said.contains(word), "{word}: {said}");
    }
}
