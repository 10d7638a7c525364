//! A guard with every kind of credentials in front of a service that tells what has reached it.

mod answers;
mod any_bytes;
mod api_keys;
mod certificates;
mod nonces;
mod opaque_tokens;
mod passing;
mod remembering;
mod resource;
mod rules;
mod step_up;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gatepass_http::Clock;
use gatepass_proto::base::opaque;
use gatepass_proto::jose::access_token::{AccessToken, TYP};
use gatepass_proto::jose::{KeySet, SigningKey};
use gatepass_proto::{Digest, Scope, Secret, Timestamp, UserId};
use http::request::Builder;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use crate::{
    ApiKeys, FixedKeys, Guard, GuardLayer, Identity, Issuer, KeyHolder, Revocations, RulesLayer,
    Unavailable, UserCheck, Users,
};

const NOW: u64 = 1_800_000_000;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .expect("a key");
    SigningKey::from_pkcs8(der.as_ref()).expect("a P-256 key")
});

/// A clock that goes when it is told to.
struct Hands(AtomicU64);

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    async fn wait_until(&self, _: Timestamp) {}
}

impl Hands {
    fn move_on(&self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).expect("short");
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

/// Ada, whose password is `right`, and names for everything that can go wrong. It counts what it is asked.
#[derive(Default)]
struct People(AtomicUsize);

#[async_trait]
impl Users for People {
    async fn check(
        &self,
        username: &str,
        password: &Secret,
        from: Option<IpAddr>,
    ) -> Result<UserCheck, Unavailable> {
        self.0.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        match username {
            "ada" if password.ct_eq("right") => Ok(UserCheck::Right {
                subject: UserId::new("us_ada"),
                scope: scope("read write"),
            }),
            "throttled" => Ok(UserCheck::Throttled(Duration::from_millis(29_001))),
            "busy" => Ok(UserCheck::Busy),
            "gone" => Err(Unavailable::new("no route to the database of 10.0.0.7")),
            // Tells whether the address has come through.
            "local" if from.is_some_and(|from| from.is_loopback()) => Ok(UserCheck::Right {
                subject: UserId::new("us_local"),
                scope: Scope::empty(),
            }),
            _ => Ok(UserCheck::Wrong),
        }
    }
}

struct Ring;

#[async_trait]
impl ApiKeys for Ring {
    async fn find(&self, digest: &Digest) -> Result<Option<KeyHolder>, Unavailable> {
        Ok((*digest == api_key().digest()).then(|| KeyHolder {
            subject: UserId::new("us_ada"),
            scope: scope("read"),
            name: "robot".into(),
        }))
    }
}

struct Withdrawn;

#[async_trait]
impl Revocations for Withdrawn {
    async fn is_live(&self, claims: &AccessToken) -> Result<bool, Unavailable> {
        match claims.jti.as_str() {
            "gone" => Err(Unavailable::new("disk full")),
            jti => Ok(jti != "withdrawn"),
        }
    }
}

struct House {
    guard: Guard,
    people: Arc<People>,
    clock: Arc<Hands>,
}

fn house() -> House {
    let people = Arc::new(People::default());
    let clock = Arc::new(Hands(AtomicU64::new(NOW * 1000)));
    let guard = Guard::builder()
        .realm("api")
        .basic(people.clone())
        .issuer(jwt())
        .api_keys(Arc::new(Ring))
        .clock(clock.clone())
        .build();
    House {
        guard,
        people,
        clock,
    }
}

fn jwt() -> Issuer {
    Issuer::new("https://as.example", "https://api.example")
        .keys(Arc::new(FixedKeys::new(KeySet::of([KEY.jwk()]))))
        .leeway(Duration::from_secs(5))
        .revocations(Arc::new(Withdrawn))
}

fn scope(text: &str) -> Scope {
    text.parse().expect("a scope")
}

fn basic(username: &str, password: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}

fn api_key() -> Secret {
    opaque::encode(opaque::API_KEY, &[7; 32])
}

fn token(change: impl FnOnce(&mut Value)) -> String {
    let mut claims = json!({
        "iss": "https://as.example", "sub": "us_ada", "aud": "https://api.example", "client_id": "cl_1",
        "scope": "read", "iat": NOW, "exp": NOW + 600, "jti": "j1",
    });
    change(&mut claims);
    KEY.sign(TYP, &claims).expect("signs")
}

fn bearer(change: impl FnOnce(&mut Value)) -> String {
    format!("Bearer {}", token(change))
}

fn get() -> Builder {
    Request::get("/")
}

/// What the service behind the guard saw, or the guard's answer, as it stands on the wire.
async fn send(layer: &GuardLayer, request: Builder) -> String {
    let inner = service_fn(|request: Request<()>| async move {
        let identity = request.extensions().get::<Identity>();
        let names: Vec<&str> = request
            .headers()
            .keys()
            .map(http::HeaderName::as_str)
            .collect();
        let seen = format!("{:?} {names:?}", identity.expect("an identity"));
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(seen))))
    });
    let request = request.body(()).expect("a request");
    let Ok(response) = layer.layer(inner).oneshot(request).await;
    let mut text = format!("{}\n", response.status());
    for (name, value) in response.headers() {
        text += &format!("{name}: {}\n", value.to_str().expect("ASCII"));
    }
    let body = response.into_body().collect().await.expect("a body");
    text + "\n" + std::str::from_utf8(&body.to_bytes()).expect("UTF-8")
}

/// The status alone, through rules.
async fn status(layer: &RulesLayer, request: Builder) -> u16 {
    let inner = service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let request = request.body(()).expect("a request");
    let Ok(response) = layer.layer(inner).oneshot(request).await;
    response.status().as_u16()
}

async fn ask(request: Builder) -> String {
    send(&house().guard.layer(scope("read")), request).await
}
