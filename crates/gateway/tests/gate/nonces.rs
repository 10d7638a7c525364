//! Nonces that the gate demands in proofs of a key (RFC 9449 §9).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::post;
use gatepass_client::{Credential, Endpoints, Grant, OAuth, SecretRef, Session};
use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::dpop::{DPOP_NONCE, Dpop, Proof, ProvenRequest};
use gatepass_proto::{Cx, Secret};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

use crate::api::{Document, document};
use crate::wire::Said;
use crate::world::{API, World};

const SETTINGS: &str = "upstream = \"@UPSTREAM@\"\npublic_url = \"https://api.example.com\"\n\
                        dpop_nonces = true\nforward_auth = [\"nginx\"]\n\
                        proxies = { trusted = [\"127.0.0.1\"] }\n[[issuer]]\nissuer = \"@ISSUER@\"\n\
                        [[rule]]\npath = \"/admin\"\nscope = \"admin\"\n";

async fn demanding() -> World {
    let world = World::usual().await;
    world.reload(SETTINGS).await.expect("reloaded");
    world
}

/// A client with a key and a token that is bound to it.
struct Holder {
    dpop: Dpop,
    token: Secret,
}

impl Holder {
    fn new(world: &World) -> Self {
        let dpop = Dpop::generate(&mut Cx::new(SystemClock.now(), &mut OsEntropy));
        let dpop = dpop.expect("a key");
        let bound = json!({ "cnf": { "jkt": dpop.jkt() } });
        let token = Secret::new(world.issuer.token(API, "read", bound));
        Self { dpop, token }
    }

    /// The header lines of a GET.
    fn lines(&self, path: &str) -> [String; 2] {
        let url = at(path);
        let mut entropy = OsEntropy;
        let cx = &mut Cx::new(SystemClock.now(), &mut entropy);
        let proof = self.dpop.proof(&Method::GET, &url, Some(&self.token), cx);
        let proof = proof.expect("a proof");
        [
            format!("Authorization: DPoP {}", self.token.expose()),
            format!("DPoP: {}", proof.to_str().expect("ASCII")),
        ]
    }

    async fn get(&self, world: &World, path: &str) -> Said {
        let [token, proof] = self.lines(path);
        world.send(&format!("GET {path}"), &[&token, &proof]).await
    }

    /// Takes the nonce of an answer.
    fn learn(&self, nonce: &str) {
        let nonce = HeaderValue::from_str(nonce).expect("a value");
        self.dpop
            .learn(&at("/"), &HeaderMap::from_iter([(DPOP_NONCE, nonce)]));
    }
}

fn at(path: &str) -> Url {
    format!("{API}{path}").parse().expect("a URL")
}

#[tokio::test]
async fn a_proof_without_a_nonce_is_told_of_one() {
    let world = demanding().await;
    let holder = Holder::new(&world);
    for stale in [None, Some("AAAAAAAAAAAAAAAAAAAAAA")] {
        stale.inspect(|nonce| holder.learn(nonce));
        let said = holder.get(&world, "/a").await;
        assert_eq!(
            (said.status, said.error()),
            (401, "use_dpop_nonce".to_owned()),
            "{stale:?}"
        );
        let challenges: Vec<&str> = said.all("www-authenticate").collect();
        let dpop = challenges.iter().find(|own| own.starts_with("DPoP "));
        let dpop = dpop.expect("a challenge");
        assert!(dpop.contains(r#"error="use_dpop_nonce""#), "{dpop}");
        holder.learn(said.header("dpop-nonce").expect("a nonce"));
        let said = holder.get(&world, "/a").await;
        assert_eq!(said.status, 200, "{said:?}");
        assert_eq!(said.json()["headers"]["dpop"], json!(null));
        // What comes next needs no refusal before it.
        holder.learn(said.header("dpop-nonce").expect("the next nonce"));
        assert_eq!(holder.get(&world, "/b").await.status, 200);
    }
    // The scope is looked at as ever, and the answer says the nonce too.
    let said = holder.get(&world, "/admin").await;
    assert_eq!(
        (said.status, said.error()),
        (403, "insufficient_scope".to_owned())
    );
    assert!(said.header("dpop-nonce").is_some(), "{said:?}");
}

/// Whoever asks before they have a proof, and whoever needs none.
#[tokio::test]
async fn a_nonce_is_for_those_who_prove_something() {
    let world = demanding().await;
    let said = world.send("GET /a", &[]).await;
    assert_eq!(said.status, 401);
    let holder = Holder::new(&world);
    holder.learn(said.header("dpop-nonce").expect("a nonce"));
    assert_eq!(holder.get(&world, "/a").await.status, 200);
    let said = world.ask("GET /a", "read").await;
    assert_eq!((said.status, said.header("dpop-nonce")), (200, None));
    // Where none is demanded, none is given.
    let without = SETTINGS.replace("dpop_nonces = true", "");
    world.reload(&without).await.expect("reloaded");
    let holder = Holder::new(&world);
    let said = holder.get(&world, "/a").await;
    assert_eq!((said.status, said.header("dpop-nonce")), (200, None));
    let said = world.send("GET /a", &[]).await;
    assert_eq!((said.status, said.header("dpop-nonce")), (401, None));
}

#[tokio::test]
async fn nonces_outlive_the_settings_and_proofs_still_pass_once() {
    let world = demanding().await;
    let holder = Holder::new(&world);
    let said = holder.get(&world, "/a").await;
    holder.learn(said.header("dpop-nonce").expect("a nonce"));
    let renamed = format!("realm = \"another\"\n{SETTINGS}");
    world.reload(&renamed).await.expect("reloaded");
    let [token, proof] = holder.lines("/a");
    let ask = async || world.send("GET /a", &[&token, &proof]).await;
    assert_eq!(ask().await.status, 200);
    let said = ask().await;
    assert_eq!(
        (said.status, said.error()),
        (401, "invalid_dpop_proof".to_owned())
    );
    // A guard that is made anew, for users of its own say, has not forgotten either.
    world.reload(SETTINGS).await.expect("reloaded");
    assert_eq!(ask().await.error(), "invalid_dpop_proof");
    // Another process has nonces of its own.
    let other = demanding().await;
    let said = Holder::new(&other).get(&other, "/a").await;
    holder.learn(said.header("dpop-nonce").expect("a nonce"));
    let said = holder.get(&world, "/a").await;
    assert_eq!(said.error(), "use_dpop_nonce");
}

#[tokio::test]
async fn a_proxy_that_asks_is_told_the_nonce() {
    let world = demanding().await;
    let holder = Holder::new(&world);
    for status in [401, 200] {
        let [token, proof] = holder.lines("/a");
        let about = ["X-Original-Method: GET", "X-Original-URI: /a"];
        let lines = [&*token, &proof, about[0], about[1]];
        let said = world.send("GET /.gatepass/auth/nginx", &lines).await;
        assert_eq!(said.status, status, "{said:?}");
        if let Some(nonce) = said.header("dpop-nonce") {
            holder.learn(nonce);
        }
    }
}

/// Our own client is refused once, and knows the nonce from then on.
#[tokio::test]
async fn our_client_repeats_once() {
    let world = Arc::new(World::usual().await);
    let statuses = Arc::new(Mutex::new(Vec::new()));
    let noted = statuses.clone();
    let note = move |request: Request, next: Next| {
        let noted = noted.clone();
        async move {
            let answer = next.run(request).await;
            noted.lock().expect("whole").push(answer.status().as_u16());
            answer
        }
    };
    let gate = serve(world.gate.router().layer(from_fn(note))).await;
    let public = format!("http://{gate}");
    let settings = SETTINGS.replace(API, &public);
    world.reload(&settings).await.expect("reloaded");
    let token = format!("http://{}/token", token_endpoint(&world, &public).await);

    let mut oauth = OAuth::new(None, Some("cl".into()), None, Grant::ClientCredentials);
    oauth.client_secret = Some(SecretRef::given("s"));
    oauth.dpop = true;
    oauth.endpoints = Endpoints {
        token: Some(token),
        ..Endpoints::default()
    };
    let session = Session::builder(Credential::from(oauth)).api(&public);
    let session = session.build().expect("a session");
    let body = session.post(format!("{public}/a")).body("all of it");
    let answer = body.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let seen: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(seen["body"], "all of it");
    for path in ["/a", "/b"] {
        let answer = session.get(format!("{public}{path}")).send().await;
        assert_eq!(answer.expect("an answer").status(), 200);
    }
    assert_eq!(*statuses.lock().expect("whole"), [401, 200, 200, 200]);
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// Where tokens of the world's issuer are made, bound to the key of the proof that comes along.
async fn token_endpoint(world: &Arc<World>, audience: &str) -> SocketAddr {
    let (world, audience) = (Arc::clone(world), audience.to_owned());
    let make = async move |headers: HeaderMap| -> Document {
        let proof = headers["dpop"].to_str().expect("ASCII");
        let host = headers["host"].to_str().expect("ASCII");
        let url = format!("http://{host}/token").parse().expect("a URL");
        let request = ProvenRequest {
            method: &Method::POST,
            url: &url,
            access_token: None,
            nonces: None,
        };
        let proof = Proof::check(proof, &request, SystemClock.now()).expect("a proof");
        let bound = json!({ "cnf": { "jkt": proof.jkt } });
        let token = world.issuer.token(&audience, "read", bound);
        document(&json!({ "access_token": token, "token_type": "DPoP", "expires_in": 600 }))
    };
    serve(Router::new().route("/token", post(make))).await
}
