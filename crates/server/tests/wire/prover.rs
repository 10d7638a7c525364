//! A client with a key of its own, which signs whatever a test tells it to.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use gatepass_proto::Digest;
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::jose::SigningKey;
use gatepass_server::NewClient;
use serde_json::{Value, json};

use crate::forge::{compact, now, signing_input};
use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::World;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A P-256 key.
pub(crate) struct Prover {
    pair: EcdsaKeyPair,
    own: SigningKey,
}

/// The parts of a JWT before it is signed.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl Prover {
    pub(crate) fn new() -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).expect("a key");
        Self {
            pair: EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref()).expect("a key"),
            own: SigningKey::from_pkcs8(der.as_ref()).expect("a key"),
        }
    }

    pub(crate) fn jwk(&self) -> &Value {
        self.own.jwk()
    }

    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }

    pub(crate) fn jkt(&self) -> &str {
        self.own.thumbprint()
    }

    pub(crate) fn sign(&self, draft: &Draft) -> String {
        let message = signing_input(&draft.header, &draft.claims);
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        compact(
            &draft.header,
            &draft.claims,
            signature.expect("signs").as_ref(),
        )
    }

    /// An assertion that is good.
    pub(crate) fn assertion(&self, client_id: &str, audience: &str) -> Draft {
        Draft {
            header: json!({ "alg": "ES256", "kid": self.own.kid(), "typ": "JWT" }),
            claims: claims(client_id, audience),
        }
    }

    /// A proof that is good, but for the server's nonce.
    pub(crate) fn proof(&self, method: &str, url: &str) -> Draft {
        let mut jwk = self.jwk().clone();
        let bare = ["crv", "kty", "x", "y"];
        let members = jwk.as_object_mut().expect("an object");
        members.retain(|name, _| bare.contains(&name.as_str()));
        Draft {
            header: json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": jwk }),
            claims: json!({ "jti": jti(), "htm": method, "htu": url, "iat": now() }),
        }
    }

    /// A proof for the token endpoint with a nonce that the server has just given.
    pub(crate) async fn token_proof(&self, world: &World) -> Draft {
        let url = token_endpoint(world);
        self.proof("POST", &url).claim("nonce", nonce(world).await)
    }

    /// A proof for a request for a resource.
    pub(crate) fn api_proof(&self, world: &World, path: &str, token: &str) -> Draft {
        let url = format!("{}{path}", world.issuer);
        let ath = Digest::of(token).to_base64url();
        self.proof("GET", &url).claim("ath", ath)
    }
}

impl Draft {
    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        put(&mut self.claims, name, value.into());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.claims.as_object_mut().expect("claims").remove(name);
        self
    }

    pub(crate) fn head(mut self, name: &str, value: impl Into<Value>) -> Self {
        put(&mut self.header, name, value.into());
        self
    }

    pub(crate) fn headless(mut self, name: &str) -> Self {
        self.header.as_object_mut().expect("a header").remove(name);
        self
    }
}

fn put(object: &mut Value, name: &str, value: Value) {
    let members = object.as_object_mut().expect("an object");
    members.insert(name.to_owned(), value);
}

pub(crate) fn claims(client_id: &str, audience: &str) -> Value {
    let now = now();
    json!({
        "iss": client_id, "sub": client_id, "aud": audience, "jti": jti(), "iat": now, "exp": now + 60,
    })
}

/// Another each time.
fn jti() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("jti-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn token_endpoint(world: &World) -> String {
    format!("{}/oauth/token", world.issuer)
}

/// The nonce that the server gives to whoever has none.
pub(crate) async fn nonce(world: &World) -> String {
    let asking = Prover::new();
    let proof = asking.sign(&asking.proof("POST", &token_endpoint(world)));
    let call = Call::post("/oauth/token").header("DPoP", proof);
    let form = Pairs::of(&[
        ("grant_type", "client_credentials"),
        ("client_id", "nobody"),
    ]);
    let answer = world.send(call.form(&form)).await;
    answer.refused(400, "use_dpop_nonce");
    let nonce = answer.header("dpop-nonce").expect("a nonce");
    nonce.to_owned()
}

/// A client that acts for itself, to be changed.
pub(crate) fn robot(method: Option<&str>, details: ClientDetails) -> NewClient {
    let scope: gatepass_proto::Scope = "read".parse().expect("a scope");
    NewClient {
        client_id: None,
        client_name: "robot".to_owned(),
        public: false,
        redirect_uris: Vec::new(),
        grant_types: vec!["client_credentials".to_owned()],
        scope: scope.clone(),
        default_scope: scope,
        resources: Vec::new(),
        require_pkce: true,
        json_body: false,
        auth_method: method.map(str::to_owned),
        details,
    }
}

/// Registers a client that shows itself by this key.
pub(crate) async fn register(
    world: &World,
    prover: &Prover,
    change: impl FnOnce(&mut ClientDetails),
) -> String {
    let mut details = ClientDetails {
        jwks: Some(prover.jwks()),
        ..ClientDetails::default()
    };
    change(&mut details);
    let new = robot(Some("private_key_jwt"), details);
    let (client, secret) = world.admin().await.add_client(new).await.expect("a client");
    assert_eq!(secret, None);
    client.client_id.to_string()
}

/// A token request with this assertion.
pub(crate) fn by_assertion(assertion: &str) -> Pairs {
    Pairs::of(&[
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ])
}

pub(crate) async fn ask(world: &World, form: &Pairs) -> Answer {
    world.send(Call::post("/oauth/token").form(form)).await
}
