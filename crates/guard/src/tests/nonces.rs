//! Nonces that are demanded in proofs of a key (RFC 9449 §9).

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use gatepass_http::{Clock as _, OsEntropy};
use gatepass_proto::dpop::{DPOP_NONCE, Dpop, Nonces};
use gatepass_proto::{Cx, Scope, Secret};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use serde_json::json;
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use super::{Hands, NOW, bearer, jwt, token};
use crate::{Guard, Identity, Refusal, Requirement};

const URL: &str = "https://api.example/a";

/// A guard that demands them, and a client with a key.
struct Both {
    guard: Guard,
    clock: Arc<Hands>,
    dpop: Dpop,
}

impl Both {
    fn new(nonces: Nonces) -> Self {
        let clock = Arc::new(Hands(AtomicU64::new(NOW * 1000)));
        let base = "https://api.example".parse().expect("a URL");
        let guard = Guard::builder().issuer(jwt()).dpop(&base);
        let guard = guard.dpop_nonces(nonces).clock(clock.clone()).build();
        let dpop = Dpop::generate(&mut Cx::new(clock.now(), &mut OsEntropy));
        let dpop = dpop.expect("a key");
        Self { guard, clock, dpop }
    }

    /// The client asks, and learns from the answer.
    async fn ask(&self) -> Result<Identity, Refusal> {
        let (checked, headers) = self.check(self.request()).await;
        self.learn(&headers);
        checked
    }

    fn learn(&self, headers: &HeaderMap) {
        let url = URL.parse().expect("a URL");
        self.dpop.learn(&url, headers);
    }

    /// A request with a proof of this moment.
    fn request(&self) -> Request<()> {
        let url = URL.parse().expect("a URL");
        let token = Secret::new(token(|claims| {
            claims["cnf"] = json!({ "jkt": self.dpop.jkt() });
            claims["exp"] = json!(self.clock.now().as_secs() + 600);
        }));
        let mut entropy = OsEntropy;
        let cx = &mut Cx::new(self.clock.now(), &mut entropy);
        let proof = self.dpop.proof(&Method::GET, &url, Some(&token), cx);
        let request = Request::get("/a")
            .header("authorization", format!("DPoP {}", token.expose()))
            .header("dpop", proof.expect("a proof"));
        request.body(()).expect("a request")
    }

    /// What came of it, and the headers of the answer.
    async fn check(&self, mut request: Request<()>) -> (Result<Identity, Refusal>, HeaderMap) {
        let required = Requirement::default();
        let checked = self.guard.check(&mut request, &required).await;
        let headers = match &checked {
            Ok(identity) => {
                let nonce = self.guard.next_nonce(identity);
                nonce.map(|nonce| (DPOP_NONCE, nonce)).into_iter().collect()
            }
            Err(why) => {
                let answer: Response<Bytes> = self.guard.refuse(why, &required);
                answer.into_parts().0.headers
            }
        };
        (checked, headers)
    }
}

fn code(checked: Result<Identity, Refusal>) -> &'static str {
    checked.map_or_else(|why| why.code(), |_| "passed")
}

#[tokio::test]
async fn who_stays_is_refused_once_and_who_was_away_again() {
    let both = Both::new(Nonces::new(&[7; 32]));
    assert_eq!(code(both.ask().await), "use_dpop_nonce");
    // Each answer brings the next one, so that nobody who comes every minute is refused.
    for _ in 0..20 {
        assert_eq!(code(both.ask().await), "passed");
        both.clock.move_on(Duration::from_secs(25));
    }
    both.clock.move_on(Duration::from_secs(240));
    assert_eq!(code(both.ask().await), "use_dpop_nonce");
    assert_eq!(code(both.ask().await), "passed");
}

#[tokio::test]
async fn guards_with_one_key_take_each_others_nonces() {
    let [one, two, other] = [7, 7, 8].map(|byte| Both::new(Nonces::new(&[byte; 32])));
    assert_eq!(code(one.ask().await), "use_dpop_nonce");
    let two = Both {
        dpop: one.dpop.clone(),
        ..two
    };
    assert_eq!(code(two.ask().await), "passed");
    let other = Both {
        dpop: one.dpop.clone(),
        ..other
    };
    assert_eq!(code(other.ask().await), "use_dpop_nonce");
}

#[tokio::test]
async fn a_plain_token_needs_none() {
    let both = Both::new(Nonces::new(&[7; 32]));
    let request = Request::get("/a").header("authorization", bearer(|_| {}));
    let (checked, headers) = both.check(request.body(()).expect("a request")).await;
    assert_eq!(code(checked), "passed");
    assert!(headers.is_empty());
}

/// As a server has it, which answers by itself.
#[tokio::test]
async fn the_layer_brings_the_next_one() {
    let both = Both::new(Nonces::new(&[7; 32]));
    let inner = service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
    });
    let service = both.guard.layer(Scope::default()).layer(inner);
    for status in [401, 200, 200] {
        let answer = service
            .clone()
            .oneshot(both.request())
            .await
            .expect("answered");
        assert_eq!(answer.status(), status);
        assert!(answer.headers().contains_key(DPOP_NONCE));
        both.learn(answer.headers());
        both.clock.move_on(Duration::from_secs(100));
    }
}
