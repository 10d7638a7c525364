//! What the client's half makes, the server's half believes; and for this one request only.

use http::header::HeaderMap;
use http::{HeaderValue, Method};
use url::Url;

use super::{LEEWAY, MAX_AGE, Proof, ProofFault, ProvenRequest};
use crate::dpop::{DPOP_NONCE, Dpop, Nonces};
use crate::{Cx, Entropy, ErrorCode, OAuthError, Secret, Timestamp};

const NOW: u64 = 1_800_000_000;

/// Bytes in a row, the same at every run.
struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

struct World {
    dpop: Dpop,
    entropy: Counting,
}

impl World {
    fn new() -> Self {
        let mut entropy = Counting(1);
        let cx = &mut Cx::new(Timestamp::from_secs(NOW), &mut entropy);
        Self {
            dpop: Dpop::generate(cx).expect("a key"),
            entropy,
        }
    }

    fn proof(&mut self, at: &str, token: Option<&Secret>) -> String {
        let cx = &mut Cx::new(Timestamp::from_secs(NOW), &mut self.entropy);
        let value = self.dpop.proof(&Method::POST, &url(at), token, cx);
        let value = value.expect("signs");
        value.to_str().expect("ASCII").to_owned()
    }
}

fn url(text: &str) -> Url {
    text.parse().expect("a URL")
}

fn check(
    proof: &str,
    at: &str,
    token: Option<&Secret>,
    nonces: Option<&Nonces>,
    now: u64,
) -> Result<Proof, ProofFault> {
    let request = ProvenRequest {
        method: &Method::POST,
        url: &url(at),
        access_token: token,
        nonces,
    };
    Proof::check(proof, &request, Timestamp::from_secs(now))
}

#[test]
fn the_two_ends_meet() {
    let mut world = World::new();
    let at = "https://as.example/token";
    let first = world.proof(at, None);
    let good = check(&first, at, None, None, NOW).expect("good");
    assert_eq!(good.jkt, world.dpop.jkt());
    assert_eq!(good.alg, "ES256");
    assert_eq!(good.made_at, Timestamp::from_secs(NOW));
    let second = world.proof(at, None);
    let other = check(&second, at, None, None, NOW).expect("good");
    assert_ne!(good.digest, other.digest, "each is another");
    assert_eq!(good, check(&first, at, None, None, NOW).expect("good"));
    for same in [
        "https://AS.example:443/token",
        "https://as.example/token?x=1#y",
        "https://as.example/./token",
    ] {
        assert!(check(&first, same, None, None, NOW).is_ok(), "{same}");
    }
    for other in [
        "https://as.example/token/",
        "https://as.example/Token",
        "http://as.example/token",
        "https://as.example:444/token",
        "https://as.example.evil/token",
    ] {
        let fault = check(&first, other, None, None, NOW).expect_err("elsewhere");
        assert_eq!(fault, ProofFault::Request, "{other}");
    }
}

#[test]
fn the_window_is_what_it_says() {
    let mut world = World::new();
    let at = "https://as.example/token";
    let proof = world.proof(at, None);
    for (now, good) in [
        (NOW - LEEWAY.as_secs() - 1, false),
        (NOW - LEEWAY.as_secs(), true),
        (NOW + MAX_AGE.as_secs(), true),
        (NOW + MAX_AGE.as_secs() + 1, false),
    ] {
        assert_eq!(check(&proof, at, None, None, now).is_ok(), good, "{now}");
    }
}

#[test]
fn a_proof_is_for_one_token() {
    let mut world = World::new();
    let at = "https://api.example/x";
    let (token, other) = (Secret::new("a"), Secret::new("b"));
    let proof = world.proof(at, Some(&token));
    assert!(check(&proof, at, Some(&token), None, NOW).is_ok());
    let without = world.proof(at, None);
    for (proof, token) in [(&proof, &other), (&without, &token)] {
        let fault = check(proof, at, Some(token), None, NOW).expect_err("another's");
        assert_eq!(fault, ProofFault::AccessToken);
    }
}

#[test]
fn a_nonce_that_was_learned_is_believed() {
    let mut world = World::new();
    let at = "https://as.example/token";
    let nonces = Nonces::new(&[7; 32]);
    let proof = world.proof(at, None);
    let fault = check(&proof, at, None, Some(&nonces), NOW).expect_err("no nonce");
    let error = OAuthError::from(fault);
    assert_eq!(error.code(), ErrorCode::UseDpopNonce);
    let now = Timestamp::from_secs(NOW);
    let nonce = HeaderValue::from_str(&nonces.current(now)).expect("a header value");
    let headers = HeaderMap::from_iter([(DPOP_NONCE, nonce)]);
    assert!(world.dpop.learn(&url(at), &headers), "it is one");
    let proof = world.proof(at, None);
    assert!(check(&proof, at, None, Some(&nonces), NOW).is_ok());
    let others = Nonces::new(&[8; 32]);
    let fault = check(&proof, at, None, Some(&others), NOW).expect_err("another's");
    assert_eq!(fault, ProofFault::Nonce);
}

#[test]
fn there_is_one_or_none() {
    let mut world = World::new();
    let at = url("https://as.example/token");
    let proof = world.proof(at.as_str(), None);
    let request = ProvenRequest {
        method: &Method::POST,
        url: &at,
        access_token: None,
        nonces: None,
    };
    let read = |values: &[&str]| {
        let values = values.iter().copied();
        Proof::read(values, &request, Timestamp::from_secs(NOW))
    };
    assert_eq!(read(&[]), Ok(None));
    assert!(matches!(read(&[&proof]), Ok(Some(_))));
    assert_eq!(read(&[&proof, &proof]), Err(ProofFault::Several));
    let error = OAuthError::from(ProofFault::Several);
    assert_eq!(error.code(), ErrorCode::InvalidDpopProof);
}
