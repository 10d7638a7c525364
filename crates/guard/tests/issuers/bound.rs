//! Tokens that are bound to a key (RFC 9449) or a certificate (RFC 8705), by signature and by introspection.

use gatepass_guard::{Guard, Identity, PeerCertificate, Refusal};
use gatepass_http::{Clock as _, OsEntropy};
use gatepass_proto::dpop::Dpop;
use gatepass_proto::{Cx, Digest, Secret};
use http::Method;
use http::header::HeaderValue;
use serde_json::json;

use crate::support::{World, check, get, now};

fn key() -> Dpop {
    Dpop::generate(&mut Cx::new(now(), &mut OsEntropy)).expect("a key")
}

fn guard(world: &World) -> Guard {
    let base = "https://api.example".parse().expect("a URL");
    world.builder(world.introspected()).dpop(&base).build()
}

fn proof(world: &World, key: &Dpop, token: &str, path: &str) -> HeaderValue {
    let url = format!("https://api.example{path}").parse().expect("a URL");
    let mut entropy = OsEntropy;
    let mut cx = Cx::new(world.hands.now(), &mut entropy);
    let token = Secret::new(token);
    key.proof(&Method::GET, &url, Some(&token), &mut cx)
        .expect("signs")
}

async fn show(guard: &Guard, token: &str, proof: &HeaderValue) -> Result<Identity, Refusal> {
    let request = get()
        .header("Authorization", format!("DPoP {token}"))
        .header("DPoP", proof);
    check(guard, request).await
}

/// A JWT and an opaque token that are both bound to this.
fn tokens(world: &World, cnf: &serde_json::Value) -> [String; 2] {
    let jwt = world.token(|claims| claims["cnf"] = cnf.clone());
    world.knows("secret-1", |answer| answer["cnf"] = cnf.clone());
    [jwt, "secret-1".to_owned()]
}

#[tokio::test]
async fn whoever_has_the_key_passes_once_by_each_proof() {
    let world = World::new().await;
    let (guard, key) = (guard(&world), key());
    for token in tokens(&world, &json!({ "jkt": key.jkt() })) {
        let once = proof(&world, &key, &token, "/items");
        assert!(show(&guard, &token, &once).await.is_ok());
        let again = show(&guard, &token, &once).await.expect_err("replayed");
        assert_eq!(
            (again.status().as_u16(), again.code()),
            (401, "invalid_dpop_proof")
        );
        let fresh = proof(&world, &key, &token, "/items");
        assert!(show(&guard, &token, &fresh).await.is_ok());
    }
}

#[tokio::test]
async fn every_other_proof_is_refused() {
    let world = World::new().await;
    let (guard, key, other) = (guard(&world), key(), key());
    for token in tokens(&world, &json!({ "jkt": key.jkt() })) {
        let old = proof(&world, &key, &token, "/items");
        let elsewhere = proof(&world, &key, &token, "/other");
        let of_another = proof(&world, &key, "another", "/items");
        let by_another = proof(&world, &other, &token, "/items");
        for (name, proof, code) in [
            ("path", &elsewhere, "invalid_dpop_proof"),
            ("token", &of_another, "invalid_dpop_proof"),
            ("key", &by_another, "invalid_token"),
        ] {
            let why = show(&guard, &token, proof).await.expect_err(name);
            assert_eq!((why.status().as_u16(), why.code()), (401, code), "{name}");
        }
        world.hands.move_on(62);
        let why = show(&guard, &token, &old).await.expect_err("expired");
        assert_eq!(why.code(), "invalid_dpop_proof");
        let plain = get().header("Authorization", format!("Bearer {token}"));
        let why = check(&guard, plain).await.expect_err("no proof");
        assert_eq!((why.status().as_u16(), why.code()), (401, "invalid_token"));
        let bare = get().header("Authorization", format!("DPoP {token}"));
        assert!(check(&guard, bare).await.is_err());
    }
}

#[tokio::test]
async fn a_certificate_is_asked_for_on_every_request() {
    let world = World::new().await;
    let guard = guard(&world);
    let thumbprint = Digest::of(b"a certificate").to_base64url();
    for token in tokens(&world, &json!({ "x5t#S256": thumbprint })) {
        let request = || get().header("Authorization", format!("Bearer {token}"));
        let shown = request().extension(PeerCertificate::of_der(b"a certificate"));
        assert!(check(&guard, shown).await.is_ok());
        // It is remembered as good by now, for whoever has the certificate alone.
        let other = request().extension(PeerCertificate::of_der(b"another"));
        for request in [request(), other] {
            let why = check(&guard, request).await.expect_err("not theirs");
            assert_eq!(why.status().as_u16(), 401);
        }
    }
}
