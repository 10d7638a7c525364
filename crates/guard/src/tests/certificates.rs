//! Tokens that are bound to a certificate (RFC 8705 §3).

use serde_json::json;
use url::Url;

use super::{ask, bearer, get, house, jwt, scope, send};
use crate::{Guard, PeerCertificate};

/// What some server has found on the connection.
const DER: &[u8] = b"the DER of a certificate";

fn bound_to(der: &[u8]) -> String {
    let thumbprint = gatepass_proto::Digest::of(der).to_base64url();
    bearer(|claims| claims["cnf"] = json!({ "x5t#S256": thumbprint }))
}

#[tokio::test]
async fn a_bound_token_passes_on_a_connection_with_its_certificate() {
    let shown = || get().extension(PeerCertificate::of_der(DER));
    let answer = ask(shown().header("Authorization", bound_to(DER))).await;
    assert!(answer.starts_with("200"), "{answer}");
    // What is not bound needs none, and is none the worse for one.
    let answer = ask(shown().header("Authorization", bearer(|_| ()))).await;
    assert!(answer.starts_with("200"), "{answer}");
}

#[tokio::test]
async fn a_bound_token_is_worth_nothing_without_its_certificate() {
    let thumbprint = gatepass_proto::Digest::of(DER).to_base64url();
    let cnf = |cnf: serde_json::Value| bearer(|claims| claims["cnf"] = cnf);
    let shown = || get().extension(PeerCertificate::of_der(DER));
    for (name, request) in [
        ("none", get().header("Authorization", bound_to(DER))),
        (
            "another",
            shown().header("Authorization", bound_to(b"another")),
        ),
        (
            "said in a header",
            get()
                .header("Authorization", bound_to(DER))
                .header("Client-Cert", ":dGhlIERFUiBvZiBhIGNlcnRpZmljYXRl:")
                .header("X5t-S256", &thumbprint),
        ),
        (
            "to a key besides",
            shown().header(
                "Authorization",
                cnf(json!({ "x5t#S256": thumbprint, "jkt": "AAAA" })),
            ),
        ),
        (
            "in another spelling",
            shown().header("Authorization", cnf(json!({ "x5t#s256": thumbprint }))),
        ),
    ] {
        let answer = ask(request).await;
        assert!(answer.starts_with("401"), "{name}: {answer}");
        assert!(answer.contains("invalid_token"), "{name}: {answer}");
    }
}

/// Where proofs are taken too, a certificate is no key, and the challenge asks for none.
#[tokio::test]
async fn a_certificate_is_no_key() {
    let base: Url = "https://api.example".parse().expect("a URL");
    let guard = Guard::builder().issuer(jwt()).dpop(&base);
    let layer = guard.clock(house().clock).build().layer(scope("read"));
    let token = bound_to(DER);
    let request = get().header("Authorization", &token);
    let answer = send(&layer, request).await;
    assert!(answer.contains("bound to a certificate"), "{answer}");
    assert!(!answer.contains("DPoP"), "{answer}");
    let shown = get().extension(PeerCertificate::of_der(DER));
    let as_dpop = token.replace("Bearer", "DPoP");
    let answer = send(&layer, shown.header("Authorization", as_dpop)).await;
    assert!(answer.starts_with("401"), "{answer}");
}
